// LogLine: a line of the log while it is made. Each call makes one, so it is made in one string.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pcaps {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kJson, kText };

// As in the configuration and in lines: "debug" for kDebug.
absl::string_view LevelName(LogLevel level);

class LogLine {
 public:
  // `event` and the names of fields need no escapes.
  LogLine(LogFormat format, LogLevel level, absl::string_view event);

  // Control characters and quotes are escaped, so one event is one line; what is no UTF-8 is
  // replaced, and what is over 1 KiB is cut.
  void AddText(absl::string_view name, absl::string_view text);
  void AddNumber(absl::string_view name, int64_t number);
  void AddValue(absl::string_view name, const boost::json::value& value);

  LogLevel level() const { return level_; }
  // All of it, but for the time. The line is over.
  std::string Take() &&;

 private:
  // StrAppend() fills with zeros first what it then writes.
  void Add(absl::string_view piece) { line_.append(piece.data(), piece.size()); }
  void AddName(absl::string_view name);
  void AddQuoted(absl::string_view text);

  const LogFormat format_;
  const LogLevel level_;
  std::string line_;
};

}  // namespace pcaps
