#include "service/telemetry/log.h"

#include <spdlog/logger.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "service/telemetry/line_sink.h"

namespace pcaps {
namespace {

// What goes before each line. spdlog keeps the text of a second, and microseconds are cheap.
const char* Pattern(LogFormat format) {
  return format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ",%v)"
                                    : "%Y-%m-%dT%H:%M:%S.%fZ %v";
}

}  // namespace

Log::Log(LogLevel level, LogFormat format)
    : level_(level),
      format_(format),
      sink_(std::make_shared<LineSink>(STDERR_FILENO,
                                       [format](int64_t lines) {
                                         LogLine line(format, LogLevel::kWarn, "log_lines_lost");
                                         line.AddNumber("lines", lines);
                                         return std::move(line).Take();
                                       })),
      logger_(std::make_shared<spdlog::logger>("pcaps", sink_)) {
  logger_->set_pattern(Pattern(format), spdlog::pattern_time_type::utc);
}

void Log::Debug(absl::string_view event, const boost::json::object& fields) {
  Write(LogLevel::kDebug, event, fields);
}
void Log::Info(absl::string_view event, const boost::json::object& fields) {
  Write(LogLevel::kInfo, event, fields);
}
void Log::Warn(absl::string_view event, const boost::json::object& fields) {
  Write(LogLevel::kWarn, event, fields);
}
void Log::Error(absl::string_view event, const boost::json::object& fields) {
  Write(LogLevel::kError, event, fields);
}

void Log::WriteSoon(LogLine line) {
  if (!Writes(line.level())) return;
  const std::string text = std::move(line).Take();
  logger_->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

void Log::Keep(LogLine line) {
  const std::string text = std::move(line).Take();
  logger_->log(LineSink::kKept, spdlog::string_view_t(text.data(), text.size()));
}

int64_t Log::lost() const { return sink_->lost(); }

void Log::Write(LogLevel level, absl::string_view event, const boost::json::object& fields) {
  LogLine line = Begin(level, event);
  for (const auto& field : fields) {
    line.AddValue({field.key().data(), field.key().size()}, field.value());
  }
  WriteSoon(std::move(line));
  logger_->flush();
}

}  // namespace pcaps
