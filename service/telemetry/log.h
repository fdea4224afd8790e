// Log: one structured line per event, JSON by default. Thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "service/telemetry/log_line.h"

namespace pcaps {

class LineSink;

class Log {
 public:
  // Lines go to standard error. Below `level` nothing is written.
  Log(LogLevel level, LogFormat format);
  ~Log();

  // Whether a line of this level is written: worth asking before a costly one is made.
  bool Writes(LogLevel level) const { return level >= level_; }

  // `event` says what happened ("rpc", "listening", "drain_started"); `fields` follow time, level
  // and event in the line. Never pass a secret.
  void Debug(absl::string_view event, const boost::json::object& fields = {});
  void Info(absl::string_view event, const boost::json::object& fields = {});
  void Warn(absl::string_view event, const boost::json::object& fields = {});
  void Error(absl::string_view event, const boost::json::object& fields = {});

  // For what happens often: a line made by hand, and written within some 100 ms, together with
  // others.
  LogLine Begin(LogLevel level, absl::string_view event) const {
    return {format_, level, event, absl::Now()};
  }
  void WriteSoon(LogLine& line);
  // The same for what must not be missed: whatever the level of the log, and with room of its own
  // where nobody reads it.
  void Keep(LogLine& line);

  // Lines that nobody read in time.
  int64_t lost() const;

 private:
  void Write(LogLevel level, absl::string_view event, const boost::json::object& fields);

  const LogLevel level_;
  const LogFormat format_;
  const std::unique_ptr<LineSink> sink_;
};

}  // namespace pcaps
