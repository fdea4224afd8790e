// Acceptor: takes connections from listening sockets, on a thread of its own.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "service/rpc/connections/descriptor.h"
#include "service/rpc/connections/listen_sockets.h"
#include "service/rpc/connections/peer_address.h"

namespace pcaps {

class Acceptor {
 public:
  // Both on the acceptor's thread; they must not block.
  struct Callbacks {
    std::function<void(Descriptor socket, const PeerAddress& peer)> on_connection;
    // A connection that was closed unseen, for want of descriptors.
    std::function<void(const PeerAddress& peer)> on_no_descriptor;
  };

  // Connections wait in the sockets until Start().
  Acceptor(ListenSockets sockets, Callbacks callbacks);
  ~Acceptor() { Stop(); }

  void Start();
  // Takes those that wait already, then closes the sockets. Afterwards no callback runs. Any
  // thread but the acceptor's; twice is nothing.
  void Stop();

 private:
  void Run();
  void AcceptAll(int listening);
  void Hand(Descriptor socket);
  bool CloseOne(int listening);

  ListenSockets sockets_;
  const Callbacks callbacks_;
  const Descriptor stop_;  // Readable from Stop() on.
  Descriptor spare_;       // Given up to close a connection with where no other descriptor is left.
  std::thread thread_;
};

}  // namespace pcaps
