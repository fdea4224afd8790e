// PeerAddress: who is at the other end of a connection.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

namespace pcaps {

struct PeerAddress {
  // As gRPC's context->peer() names it: "ipv4:192.0.2.1:5", also of an address that IPv6 maps;
  // "ipv6:%5B2001:db8::1%5D:5".
  std::string name;
  // What it shares with the other connections of one host: the IPv4 address, or the /64 of an IPv6
  // one, out of which a host may take any.
  std::string host;
  // The address and port of ours that it is connected to, in the same form.
  std::string to = {};
};

// Nothing for an address of neither family.
std::optional<PeerAddress> PeerOf(const sockaddr_storage& address);

}  // namespace pcaps
