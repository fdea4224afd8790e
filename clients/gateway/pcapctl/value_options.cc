#include "clients/gateway/pcapctl/value_options.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "clients/gateway/pcapctl/ip_protocol.h"

namespace pcaps::pcapctl {
namespace {

std::optional<uint32_t> ParseProtocol(absl::string_view text) {
  uint32_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  return ProtocolNumber(absl::AsciiStrToLower(text));
}

absl::Duration ParsePositiveDuration(const std::string& name, const std::string& text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration()) return duration;
  throw CLI::ValidationError(name, text + " is not a time like 30s, 5m or 1h");
}

}  // namespace

CLI::Option* RefuseEmpty(CLI::Option* option) {
  return option->check([](const std::string& text) {
    return text.empty() ? std::string("is empty: give a value, or leave it out") : std::string();
  });
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name, absl::Duration& value,
                         const std::string& help) {
  const auto parse = [name, &value](const std::string& text) {
    value = ParsePositiveDuration(name, text);
  };
  return app.add_option_function<std::string>(name, parse, help)->type_name("TIME");
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name,
                         std::optional<absl::Duration>& value, const std::string& help) {
  const auto parse = [name, &value](const std::string& text) {
    value = ParsePositiveDuration(name, text);
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

CLI::Option* AddProtocol(CLI::App& app, const std::string& name, std::function<void(uint32_t)> set,
                         const std::string& help) {
  const auto parse = [name, set = std::move(set)](const std::string& text) {
    const std::optional<uint32_t> protocol = ParseProtocol(text);
    if (!protocol.has_value()) {
      throw CLI::ValidationError(name, text + " is neither a number nor a name like tcp or icmpv6");
    }
    set(*protocol);
  };
  // The names show in the help and in what a shell completes.
  const std::string type = absl::StrCat("{", absl::StrJoin(ProtocolNames(), ","), "}|N");
  return app.add_option_function<std::string>(name, parse, help)->type_name(type);
}

}  // namespace pcaps::pcapctl
