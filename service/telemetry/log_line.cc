#include "service/telemetry/log_line.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr size_t kUsualBytes = 512;  // Of the line of a call.
constexpr size_t kUsualText = 256;

// Whether it goes between quotes as it is. Looks at all of it, which compilers do 16 at a time.
bool IsPlain(absl::string_view text) {
  if (text.size() > kUsualText) return false;
  unsigned odd = 0;
  for (const char c : text) {
    odd |= static_cast<unsigned>(c < ' ') | static_cast<unsigned>(c > '~') |
           static_cast<unsigned>(c == '"') | static_cast<unsigned>(c == '\\');
  }
  return odd == 0;
}

}  // namespace

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

LogLine::LogLine(LogFormat format, LogLevel level, absl::string_view event)
    : format_(format), level_(level) {
  line_.reserve(kUsualBytes);
  if (format_ == LogFormat::kText) {
    absl::StrAppend(&line_, LevelName(level), " ", event);
  } else {
    absl::StrAppend(&line_, R"("level":")", LevelName(level), R"(","event":")", event, "\"");
  }
}

void LogLine::AddText(absl::string_view name, absl::string_view text) {
  AddName(name);
  AddQuoted(text);
}

void LogLine::AddNumber(absl::string_view name, int64_t number) {
  AddName(name);
  absl::StrAppend(&line_, number);
}

void LogLine::AddValue(absl::string_view name, const boost::json::value& value) {
  AddName(name);
  if (const boost::json::string* const text = value.if_string()) {
    AddQuoted({text->data(), text->size()});
  } else {
    line_ += boost::json::serialize(value);
  }
}

std::string LogLine::Take() && {
  if (format_ == LogFormat::kJson) line_ += '}';
  return std::move(line_);
}

void LogLine::AddName(absl::string_view name) {
  if (format_ == LogFormat::kText) {
    absl::StrAppend(&line_, " ", name, "=");
  } else {
    Add(",\"");
    Add(name);
    Add("\":");
  }
}

void LogLine::AddQuoted(absl::string_view text) {
  if (IsPlain(text)) {
    line_ += '"';
    Add(text);
    line_ += '"';
  } else {
    line_ += boost::json::serialize(boost::json::string_view(CleanText(text)));
  }
}

}  // namespace pcaps
