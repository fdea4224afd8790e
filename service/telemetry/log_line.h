// LogLine: a line of the log while it is made. Each call makes one, so it has room of its own.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/json/value.hpp>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kJson, kText };

// As in the configuration and in lines: "debug" for kDebug.
absl::string_view LevelName(LogLevel level);

class LogLine {
 public:
  // `event` and the names of fields need no escapes.
  LogLine(LogFormat format, LogLevel level, absl::string_view event, absl::Time now);
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  // Control characters and quotes are escaped, so one event is one line; what is no UTF-8 is
  // replaced, and what is over 1 KiB is cut.
  void AddText(absl::string_view name, absl::string_view text);
  void AddNumber(absl::string_view name, int64_t number);
  void AddValue(absl::string_view name, const boost::json::value& value);

  LogLevel level() const { return level_; }
  // All of it, while it lives. Once: the line is over.
  absl::string_view End();

 private:
  static constexpr size_t kUsualBytes = 1000;  // More than the line of a call that went well has.

  // Room for so many bytes at the end, to be filled.
  char* Grow(size_t bytes);
  void Put(absl::string_view piece);
  void PutName(absl::string_view name);
  void PutTime(absl::Time time);
  void PutQuoted(absl::string_view text);
  void PutNumber(int64_t number);

  const LogFormat format_;
  const LogLevel level_;
  boost::container::small_vector<char, kUsualBytes> line_;
};

}  // namespace pcaps
