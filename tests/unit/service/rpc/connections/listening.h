// Sockets for tests: one to listen on, and others that connect to it.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "service/rpc/connections/descriptor.h"
#include "service/rpc/connections/listen_sockets.h"

namespace pcaps {

inline Descriptor ConnectTo(int port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  return client;
}

// Both ends of a connection.
struct ConnectedPair {
  ConnectedPair() {
    const absl::StatusOr<ListenSockets> listening = ListenOn("127.0.0.1:0");
    client = ConnectTo(listening->port);
    server = Descriptor(accept(listening->sockets[0].get(), nullptr, nullptr));
    EXPECT_TRUE(server.valid());
  }

  Descriptor client;
  Descriptor server;
};

// Whether the other end has closed or reset the connection; waits for something to come.
inline bool IsClosed(const Descriptor& socket) {
  char byte = 0;
  return recv(socket.get(), &byte, 1, 0) <= 0;
}

}  // namespace pcaps
