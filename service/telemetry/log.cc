#include "service/telemetry/log.h"

#include <spdlog/logger.h>

#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "service/telemetry/line_sink.h"

namespace pcaps {
namespace {

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// What goes before each line. spdlog keeps the text of a second, and microseconds are cheap.
const char* Pattern(LogFormat format) {
  return format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ",%v)"
                                    : "%Y-%m-%dT%H:%M:%S.%fZ %v";
}

std::string JsonLine(LogLevel level, absl::string_view event, const boost::json::object& fields) {
  // Names of levels and events need no escapes.
  std::string line = absl::StrCat("\"level\":\"", LevelName(level), "\",\"event\":\"", event, "\"");
  if (fields.empty()) return line + "}";
  std::string rest = boost::json::serialize(fields);
  rest.front() = ',';
  return line + rest;
}

std::string TextLine(LogLevel level, absl::string_view event, const boost::json::object& fields) {
  std::string line = absl::StrCat(LevelName(level), " ", event);
  for (const auto& field : fields) {
    absl::StrAppend(&line, " ", std::string(field.key()), "=",
                    boost::json::serialize(field.value()));
  }
  return line;
}

}  // namespace

Log::Log(LogLevel level, LogFormat format)
    : level_(level),
      format_(format),
      sink_(std::make_shared<spdlog::logger>("pcaps", std::make_shared<LineSink>())) {
  sink_->set_pattern(Pattern(format), spdlog::pattern_time_type::utc);
}

void Log::Debug(absl::string_view event, boost::json::object fields) {
  Write(LogLevel::kDebug, event, fields);
  sink_->flush();
}
void Log::Info(absl::string_view event, boost::json::object fields) {
  InfoSoon(event, std::move(fields));
  sink_->flush();
}
void Log::InfoSoon(absl::string_view event, boost::json::object fields) {
  Write(LogLevel::kInfo, event, fields);
}
void Log::Warn(absl::string_view event, boost::json::object fields) {
  Write(LogLevel::kWarn, event, fields);
  sink_->flush();
}
void Log::Error(absl::string_view event, boost::json::object fields) {
  Write(LogLevel::kError, event, fields);
  sink_->flush();
}

void Log::Write(LogLevel level, absl::string_view event, const boost::json::object& fields) {
  if (level < level_) return;
  const std::string line =
      format_ == LogFormat::kJson ? JsonLine(level, event, fields) : TextLine(level, event, fields);
  sink_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace pcaps
