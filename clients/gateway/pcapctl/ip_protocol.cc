#include "clients/gateway/pcapctl/ip_protocol.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace pcaps::pcapctl {
namespace {

// Those one captures; /etc/protocols is missing from small containers. Of two names for a number
// the first is shown.
constexpr std::pair<absl::string_view, uint32_t> kProtocols[] = {
    {"icmp", 1},  {"igmp", 2},  {"ipip", 4},   {"tcp", 6},     {"udp", 17},
    {"gre", 47},  {"esp", 50},  {"ah", 51},    {"icmpv6", 58}, {"icmp6", 58},
    {"ospf", 89}, {"pim", 103}, {"vrrp", 112}, {"sctp", 132},
};

}  // namespace

std::optional<uint32_t> ProtocolNumber(absl::string_view name) {
  for (const auto& [known, number] : kProtocols) {
    if (known == name) return number;
  }
  return std::nullopt;
}

std::string ProtocolName(uint32_t protocol) {
  for (const auto& [name, number] : kProtocols) {
    if (number == protocol) return std::string(name);
  }
  return absl::StrCat("protocol ", protocol);
}

std::vector<std::string> ProtocolNames() {
  std::vector<std::string> names;
  for (const auto& protocol : kProtocols) names.emplace_back(protocol.first);
  return names;
}

}  // namespace pcaps::pcapctl
