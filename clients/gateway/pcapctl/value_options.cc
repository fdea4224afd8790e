#include "clients/gateway/pcapctl/value_options.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {
namespace {

// Those one captures; /etc/protocols is missing from small containers.
constexpr std::pair<absl::string_view, uint32_t> kProtocols[] = {
    {"icmp", 1}, {"igmp", 2}, {"ipip", 4}, {"tcp", 6},     {"udp", 17},
    {"gre", 47}, {"esp", 50}, {"ah", 51},  {"icmpv6", 58}, {"sctp", 132},
};

std::optional<uint32_t> ParseProtocol(absl::string_view text) {
  uint32_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  const std::string lower = absl::AsciiStrToLower(text);
  for (const auto& [name, value] : kProtocols) {
    if (name == lower) return value;
  }
  return std::nullopt;
}

}  // namespace

CLI::Option* AddDuration(CLI::App& app, const std::string& name, absl::Duration& value,
                         const std::string& help) {
  const auto parse = [name, &value](const std::string& text) {
    if (absl::ParseDuration(text, &value) && value > absl::ZeroDuration()) return;
    throw CLI::ValidationError(name, text + " is not a time like 30s, 5m or 1h");
  };
  return app.add_option_function<std::string>(name, parse, help)->type_name("TIME");
}

CLI::Option* AddTime(CLI::App& app, const std::string& name, std::optional<absl::Time>& value,
                     const std::string& help) {
  const auto parse = [name, &value](const std::string& text) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
      throw CLI::ValidationError(name, text + " is not a time like 2024-05-01T12:00:00Z");
    }
    value = time;
  };
  return app.add_option_function<std::string>(name, parse, help)->type_name("RFC3339");
}

CLI::Option* AddProtocol(CLI::App& app, const std::string& name, std::optional<uint32_t>& value,
                         const std::string& help) {
  const auto parse = [name, &value](const std::string& text) {
    value = ParseProtocol(text);
    if (!value.has_value()) {
      throw CLI::ValidationError(name, text + " is neither a number nor a name like tcp or icmpv6");
    }
  };
  return app.add_option_function<std::string>(name, parse, help)->type_name("PROTOCOL");
}

std::string ProtocolName(uint32_t protocol) {
  for (const auto& [name, value] : kProtocols) {
    if (value == protocol) return std::string(name);
  }
  return absl::StrCat("protocol ", protocol);
}

}  // namespace pcaps::pcapctl
