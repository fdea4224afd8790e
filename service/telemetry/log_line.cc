#include "service/telemetry/log_line.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <limits>
#include <string>

#include "clients/base/error.h"

namespace pcaps {
namespace {

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

// Returns where it ends.
char* Copy(absl::string_view piece, char* to) { return std::copy(piece.begin(), piece.end(), to); }

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

LogLine::LogLine(LogFormat format, LogLevel level, absl::string_view event, absl::Time now)
    : format_(format), level_(level) {
  if (format_ == LogFormat::kText) {
    PutTime(now);
    Put(" ");
    Put(LevelName(level));
    Put(" ");
    Put(event);
  } else {
    Put(R"({"time":")");
    PutTime(now);
    Put(R"(","level":")");
    Put(LevelName(level));
    Put(R"(","event":")");
    Put(event);
    Put("\"");
  }
}

void LogLine::AddText(absl::string_view name, absl::string_view text) {
  PutName(name);
  PutQuoted(text);
}

void LogLine::AddNumber(absl::string_view name, int64_t number) {
  PutName(name);
  PutNumber(number);
}

void LogLine::AddValue(absl::string_view name, const boost::json::value& value) {
  PutName(name);
  if (const boost::json::string* const text = value.if_string()) {
    PutQuoted({text->data(), text->size()});
  } else {
    Put(boost::json::serialize(value));
  }
}

absl::string_view LogLine::End() {
  if (format_ == LogFormat::kJson) Put("}");
  return {line_.data(), line_.size()};
}

char* LogLine::Grow(size_t bytes) {
  const size_t before = line_.size();
  line_.resize(before + bytes, boost::container::default_init);
  return line_.data() + before;
}

void LogLine::Put(absl::string_view piece) { Copy(piece, Grow(piece.size())); }

void LogLine::PutName(absl::string_view name) {
  const bool json = format_ == LogFormat::kJson;
  char* to = Grow(name.size() + (json ? 4 : 2));
  to = Copy(json ? ",\"" : " ", to);
  to = Copy(name, to);
  Copy(json ? "\":" : "=", to);
}

// As RFC 3339 has it, in UTC. What has no such time has that of 1970.
void LogLine::PutTime(absl::Time time) {
  constexpr int64_t kMicros = 1'000'000;  // Of a second.
  struct Second {
    int64_t number = -1;
    std::array<char, 19> text = {};  // "2026-11-28T09:53:15"
  };
  thread_local Second last;  // Which many lines share.
  const int64_t micros = std::max(absl::ToUnixMicros(time), int64_t{0});
  const int64_t number = micros / kMicros;
  if (last.number != number) {
    last.number = number;
    absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(number), absl::UTCTimeZone())
        .copy(last.text.data(), last.text.size());
  }
  Put({last.text.data(), last.text.size()});
  constexpr size_t kFractionBytes = 8;  // ".369672Z"
  char* const fraction = Grow(kFractionBytes);
  std::to_chars(fraction, fraction + kFractionBytes, kMicros + micros % kMicros);  // "1369672"
  fraction[0] = '.';
  fraction[kFractionBytes - 1] = 'Z';
}

void LogLine::PutQuoted(absl::string_view text) {
  if (IsPlain(text)) {
    char* const to = Grow(text.size() + 2);
    *to = '"';
    *Copy(text, to + 1) = '"';
  } else {
    Put(boost::json::serialize(boost::json::string_view(CleanText(text))));
  }
}

void LogLine::PutNumber(int64_t number) {
  char digits[std::numeric_limits<int64_t>::digits10 + 2];  // And a sign.
  const char* const end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  Put({digits, static_cast<size_t>(end - digits)});
}

}  // namespace pcaps
