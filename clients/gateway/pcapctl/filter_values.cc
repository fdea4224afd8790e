#include "clients/gateway/pcapctl/filter_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/gateway/pcapctl/filter_vocabulary.h"
#include "clients/gateway/pcapctl/ip_protocol.h"

namespace pcaps::pcapctl {
namespace {

constexpr uint32_t kMaxPort = 65535;
constexpr uint32_t kMaxProtocol = 255;

bool IsNumber(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// A number of at most `max`.
std::optional<uint32_t> NumberUpTo(absl::string_view text, uint32_t max) {
  uint32_t number = 0;
  if (!IsNumber(text) || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  if (!absl::SimpleAtoi(text, &number) || number > max) return std::nullopt;
  return number;
}

std::optional<FilterAddress> ParseAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes = {};
  std::array<char, INET6_ADDRSTRLEN> canonical = {};
  for (const auto& [family, name] :
       {std::pair(AF_INET, IpFamily::kIpv4), std::pair(AF_INET6, IpFamily::kIpv6)}) {
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) continue;
    inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
    return FilterAddress{canonical.data(), name};
  }
  return std::nullopt;
}

std::string WhyNoAddress(absl::string_view text) {
  if (absl::StrContains(text, "/")) return std::string(WhyInexpressible("net"));
  if (text.find_first_not_of("0123456789.") == absl::string_view::npos) {
    return "is not a whole IPv4 address; the API takes no networks";
  }
  if (absl::StrContains(text, ":")) return "is not an IPv6 address";
  return "is a name, and no names are looked up here; give the address";
}

std::string WhyNoPort(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (ServicePort(lower).has_value()) return absl::StrCat("write '", lower, "', in lower case");
  const std::pair<absl::string_view, absl::string_view> ends =
      std::pair(text.substr(0, text.find('-')), text.substr(text.find('-') + 1));
  if (IsNumber(ends.first) && IsNumber(ends.second) && !IsNumber(text)) {
    return std::string(WhyInexpressible("portrange"));
  }
  if (IsNumber(text)) return absl::StrCat("is not a port: 0 to ", kMaxPort, ", in decimal");
  return "is no port number, and no service known here (https, domain, ssh, ...)";
}

}  // namespace

absl::StatusOr<FilterAddress> AddressOf(const FilterToken& token) {
  std::optional<FilterAddress> address = ParseAddress(std::string(token.text));
  if (!address.has_value()) return Refused(token, WhyNoAddress(token.text));
  return *std::move(address);
}

absl::StatusOr<uint32_t> PortOf(const FilterToken& token) {
  std::optional<uint32_t> port = NumberUpTo(token.text, kMaxPort);
  if (!port.has_value()) port = ServicePort(token.text);
  if (!port.has_value()) return Refused(token, WhyNoPort(token.text));
  return *port;
}

absl::StatusOr<uint32_t> ProtocolOf(const FilterToken& token) {
  const absl::string_view name = absl::StripPrefix(token.text, "\\");
  std::optional<uint32_t> number = NumberUpTo(name, kMaxProtocol);
  if (!number.has_value()) number = ProtocolNumber(name);
  if (number.has_value()) return *number;
  const absl::string_view inexpressible = WhyInexpressible(token.text);
  if (!inexpressible.empty()) return Refused(token, inexpressible);
  return Refused(token,
                 absl::StrCat("is no protocol: 0 to ", kMaxProtocol, ", or a name like tcp"));
}

}  // namespace pcaps::pcapctl
