// Log: one structured line per event, JSON by default. Thread-safe.
#pragma once

#include <spdlog/fwd.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace pcaps {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kJson, kText };

class Log {
 public:
  // Lines go to standard error. Below `level` nothing is written.
  Log(LogLevel level, LogFormat format);

  // Whether a line of this level is written: worth asking before a costly one is made.
  bool Writes(LogLevel level) const { return level >= level_; }

  // `event` says what happened ("rpc", "listening", "drain_started"); `fields` follow time, level
  // and event in the line. Control characters and quotes in values are escaped, so one event is one
  // line. Never pass a secret.
  void Debug(absl::string_view event, boost::json::object fields = {});
  void Info(absl::string_view event, boost::json::object fields = {});
  // The same, but written within some 100 ms, together with others: for what happens often.
  void InfoSoon(absl::string_view event, boost::json::object fields = {});
  void Warn(absl::string_view event, boost::json::object fields = {});
  void Error(absl::string_view event, boost::json::object fields = {});

 private:
  void Write(LogLevel level, absl::string_view event, const boost::json::object& fields);

  const LogLevel level_;
  const LogFormat format_;
  std::shared_ptr<spdlog::logger> sink_;
};

}  // namespace pcaps
