#include "service/telemetry/log.h"

#include <unistd.h>

#include <string>

#include "service/telemetry/line_sink.h"

namespace pcaps {

Log::Log(LogLevel level, LogFormat format)
    : level_(level),
      format_(format),
      sink_(std::make_unique<LineSink>(STDERR_FILENO, [this](int64_t lines) {
        LogLine line = Begin(LogLevel::kWarn, "log_lines_lost");
        line.AddNumber("lines", lines);
        return std::string(line.End());
      })) {}

Log::~Log() = default;

int64_t Log::lost() const { return sink_->lost(); }

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

void Log::WriteSoon(LogLine& line) {
  if (Writes(line.level())) sink_->Add(line.End());
}

void Log::Keep(LogLine& line) { sink_->Add(line.End(), LineSink::Room::kOwn); }

void Log::Write(LogLevel level, absl::string_view event, const boost::json::object& fields) {
  LogLine line = Begin(level, event);
  for (const auto& field : fields) {
    line.AddValue({field.key().data(), field.key().size()}, field.value());
  }
  WriteSoon(line);
  sink_->Flush();
}

}  // namespace pcaps
