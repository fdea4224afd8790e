// Connection: one that was accepted, seen from beside gRPC, which reads and writes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "service/rpc/connections/descriptor.h"
#include "service/rpc/connections/flood_rule.h"
#include "service/rpc/connections/peer_address.h"
#include "service/rpc/connections/served_socket.h"
#include "service/rpc/places.h"

namespace pcaps {

struct Connection {
  // A client has one; clients of a proxy share a connection.
  static constexpr int kMaxHealthWatches = 16;

  // `socket`: what gRPC is going to be handed.
  Connection(PeerAddress peer_address, const Descriptor& socket, int max_concurrent_streams,
             absl::Time begin)
      : peer(std::move(peer_address)),
        served(socket.get()),
        duplicate(socket.Duplicate()),
        rule(max_concurrent_streams, begin) {}

  const PeerAddress peer;
  const ServedSocket served;
  // Of its calls, as in Traffic; any thread adds.
  std::atomic<int64_t> explained = 0;
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> open_calls = 0;
  Places health_watches{kMaxHealthWatches};

  // Of the watch's thread.
  Descriptor duplicate;  // Until it is forgotten.
  int64_t received = 0;  // When it was last looked at.
  FloodRule rule;
  // See FloodGuard.
  bool in_between = false;  // Judged while what had come was still being read.
  bool waits = false;       // To be judged, having gone quiet.
  bool settled = false;     // Closed for a flood, or ended: there is nothing more to judge.
  int64_t kept_bytes = 0;
  int64_t held_bytes = 0;
};

// A call that has reached its handler, until its end. Of no connection that we know of where it is
// made from nothing.
class DispatchedCall {
 public:
  DispatchedCall() = default;
  explicit DispatchedCall(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {
    ++connection_->open_calls;
  }
  DispatchedCall(DispatchedCall&&) = default;
  DispatchedCall& operator=(DispatchedCall&&) = delete;
  ~DispatchedCall() {
    if (connection_ != nullptr) --connection_->open_calls;
  }

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace pcaps
