// Options whose values are more than a string or a number; a wrong one is an error that shows a
// right one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pcaps::pcapctl {

// Refuses an empty value, as an unset variable of a script leaves it: without the option it would
// mean more than was meant.
CLI::Option* RefuseEmpty(CLI::Option* option);

// "30s", "5m", "1h30m". Positive.
CLI::Option* AddDuration(CLI::App& app, const std::string& name, absl::Duration& value,
                         const std::string& help);
CLI::Option* AddDuration(CLI::App& app, const std::string& name,
                         std::optional<absl::Duration>& value, const std::string& help);
// RFC 3339: "2024-05-01T12:00:00Z".
CLI::Option* AddTime(CLI::App& app, const std::string& name, std::optional<absl::Time>& value,
                     const std::string& help);
// A number, or a name like "tcp".
CLI::Option* AddProtocol(CLI::App& app, const std::string& name, std::function<void(uint32_t)> set,
                         const std::string& help);

}  // namespace pcaps::pcapctl
