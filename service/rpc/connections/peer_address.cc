#include "service/rpc/connections/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

constexpr size_t kNetworkBytes = 8;  // Of an IPv6 address: a /64.
constexpr size_t kMappedPrefixBytes = 12;

PeerAddress FromV4(const in_addr& address, in_port_t port) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return {absl::StrCat("ipv4:", text.data(), ":", ntohs(port)), absl::StrCat("ipv4:", text.data())};
}

PeerAddress FromV6(const sockaddr_in6& from) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &from.sin6_addr, text.data(), text.size());
  // '%' before the number of a link, as '[' and ']', has an escape in a URI.
  const std::string link = from.sin6_scope_id == 0 ? "" : absl::StrCat("%25", from.sin6_scope_id);
  in6_addr network = from.sin6_addr;
  std::memset(network.s6_addr + kNetworkBytes, 0, sizeof(network.s6_addr) - kNetworkBytes);
  std::array<char, INET6_ADDRSTRLEN> network_text{};
  inet_ntop(AF_INET6, &network, network_text.data(), network_text.size());
  return {absl::StrCat("ipv6:%5B", text.data(), link, "%5D:", ntohs(from.sin6_port)),
          absl::StrCat("ipv6:", network_text.data(), link)};
}

}  // namespace

std::optional<PeerAddress> PeerOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in from{};
    std::memcpy(&from, &address, sizeof(from));
    return FromV4(from.sin_addr, from.sin_port);
  }
  if (address.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 from{};
  std::memcpy(&from, &address, sizeof(from));
  if (!IN6_IS_ADDR_V4MAPPED(&from.sin6_addr)) return FromV6(from);
  in_addr mapped{};
  std::memcpy(&mapped, from.sin6_addr.s6_addr + kMappedPrefixBytes, sizeof(mapped));
  return FromV4(mapped, from.sin6_port);
}

}  // namespace pcaps
