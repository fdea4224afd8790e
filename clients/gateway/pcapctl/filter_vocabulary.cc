#include "clients/gateway/pcapctl/filter_vocabulary.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "clients/gateway/pcapctl/ip_protocol.h"

namespace pcaps::pcapctl {
namespace {

using Reason = std::pair<absl::string_view, absl::string_view>;

constexpr absl::string_view kNoAlternatives =
    "a capture has one filter and no alternatives; take one capture for each";
constexpr absl::string_view kNoNegation =
    "the API cannot leave packets out; capture more and filter the file with tcpdump -r";
constexpr absl::string_view kNoBytes =
    "the API cannot compare bytes or sizes of packets; filter the file with tcpdump -r";
constexpr absl::string_view kNoComparison =
    "a value stands right after its words, as in 'src 192.0.2.1' or 'dst port 443'";
constexpr absl::string_view kAndIsDoubled = "write 'and', or '&&'";
constexpr absl::string_view kNoZones = "the API takes addresses without a zone";
constexpr absl::string_view kNoNetworks = "the API takes single addresses, no networks";
constexpr absl::string_view kNoRanges = "the API takes single ports; take one capture for each";
constexpr absl::string_view kEitherHost =
    "means either end, and the API takes one; say 'src host' or 'dst host'";
constexpr absl::string_view kEitherPort =
    "means either end, and the API takes one; say 'src port' or 'dst port'";
constexpr absl::string_view kNoLinkLayer = "the API sees IP packets, nothing below them";
constexpr absl::string_view kNoCasts =
    "the API cannot filter by kinds of addresses; name one with src or dst";
constexpr absl::string_view kNotSupported = "the API cannot filter by this";

constexpr Reason kInexpressible[] = {
    {"or", kNoAlternatives},
    {"||", kNoAlternatives},
    {"not", kNoNegation},
    {"!", kNoNegation},
    {"host", kEitherHost},
    {"port", kEitherPort},
    {"net", kNoNetworks},
    {"mask", kNoNetworks},
    {"portrange", kNoRanges},
    {"less", kNoBytes},
    {"greater", kNoBytes},
    {"len", kNoBytes},
    {"length", kNoBytes},
    {"byte", kNoBytes},
    {"[", kNoBytes},
    {"]", kNoBytes},
    {"=", kNoComparison},
    {"==", kNoComparison},
    {"!=", kNoNegation},
    {"<", kNoBytes},
    {">", kNoBytes},
    {"<=", kNoBytes},
    {">=", kNoBytes},
    {"<<", kNoBytes},
    {">>", kNoBytes},
    {"&", kAndIsDoubled},
    {"|", kNoAlternatives},
    {"+", kNoBytes},
    {"*", kNoBytes},
    {"%", kNoZones},
    {"^", kNoBytes},
    {"-", kNoBytes},
    {"/", kNoBytes},
    {"ether", kNoLinkLayer},
    {"link", kNoLinkLayer},
    {"fddi", kNoLinkLayer},
    {"tr", kNoLinkLayer},
    {"wlan", kNoLinkLayer},
    {"ppp", kNoLinkLayer},
    {"slip", kNoLinkLayer},
    {"vlan", kNoLinkLayer},
    {"mpls", kNoLinkLayer},
    {"pppoed", kNoLinkLayer},
    {"pppoes", kNoLinkLayer},
    {"arp", kNoLinkLayer},
    {"rarp", kNoLinkLayer},
    {"gateway", kNoLinkLayer},
    {"atalk", kNoLinkLayer},
    {"aarp", kNoLinkLayer},
    {"decnet", kNoLinkLayer},
    {"iso", kNoLinkLayer},
    {"stp", kNoLinkLayer},
    {"ipx", kNoLinkLayer},
    {"netbeui", kNoLinkLayer},
    {"lat", kNoLinkLayer},
    {"moprc", kNoLinkLayer},
    {"mopdl", kNoLinkLayer},
    {"llc", kNoLinkLayer},
    {"multicast", kNoCasts},
    {"broadcast", kNoCasts},
    {"protochain", kNotSupported},
    {"geneve", kNotSupported},
    {"vxlan", kNotSupported},
    {"inbound", kNotSupported},
    {"outbound", kNotSupported},
    {"ifname", kNotSupported},
    {"ifindex", kNotSupported},
    {"on", kNotSupported},
    {"rnr", kNotSupported},
    {"rulenum", kNotSupported},
    {"reason", kNotSupported},
    {"action", kNotSupported},
};

constexpr absl::string_view kExpressible[] = {"src", "dst", "and", "&&", "proto",
                                              "ip",  "ip6", "(",   ")"};

constexpr std::pair<absl::string_view, uint32_t> kServices[] = {
    {"bgp", 179},          {"bootpc", 68},      {"bootps", 67},    {"domain", 53}, {"ftp", 21},
    {"ftp-data", 20},      {"http", 80},        {"https", 443},    {"imap", 143},  {"imaps", 993},
    {"ipsec-nat-t", 4500}, {"isakmp", 500},     {"kerberos", 88},  {"ldap", 389},  {"ldaps", 636},
    {"mysql", 3306},       {"ntp", 123},        {"openvpn", 1194}, {"pop3", 110},  {"pop3s", 995},
    {"postgresql", 5432},  {"redis", 6379},     {"sip", 5060},     {"smtp", 25},   {"snmp", 161},
    {"ssh", 22},           {"submission", 587}, {"syslog", 514},   {"telnet", 23}, {"tftp", 69},
};

}  // namespace

absl::string_view WhyInexpressible(absl::string_view word) {
  const auto* const found =
      std::find_if(std::begin(kInexpressible), std::end(kInexpressible),
                   [&](const Reason& reason) { return reason.first == word; });
  return found == std::end(kInexpressible) ? "" : found->second;
}

bool IsKeyword(absl::string_view word) {
  return std::find(std::begin(kExpressible), std::end(kExpressible), word) !=
             std::end(kExpressible) ||
         ProtocolNumber(word).has_value() || !WhyInexpressible(word).empty();
}

std::optional<uint32_t> ServicePort(absl::string_view name) {
  for (const auto& [known, port] : kServices) {
    if (known == name) return port;
  }
  return std::nullopt;
}

}  // namespace pcaps::pcapctl
