// Heads of HTTP answers, as any server may send them. Input: the head as it is sent.
#include <string>

#include "absl/strings/match.h"
#include "clients/pcaps_api/head_reader.h"
#include "clients/pcaps_api/ratelimit_header.h"
#include "clients/pcaps_api/upstream_error.h"
#include "tests/fuzz/property.h"
#include "tests/fuzz/raw_answer.h"

namespace pcaps {
namespace {

constexpr double kMaxValue = 1e9;

void CheckHeaders(const HttpHead& head, size_t bytes) {
  size_t read = 0;
  for (const auto& [name, value] : head.headers) {
    read += name.size() + value.size();
    Require(name == absl::AsciiStrToLower(absl::StripAsciiWhitespace(name)),
            "a name is in lower case and bare", name);
    Require(!absl::StrContains(value, "\n"), "a value is one line", value);
    Require(head.Header(name) == value, "a header is found by its name", name);
  }
  // ", " between values stands where a name stood, and a line end.
  Require(read <= bytes, "no more is kept than came");
}

void CheckLength(const HttpHead& head) {
  const std::optional<int64_t> length = head.ContentLength();
  Require(length.value_or(0) >= 0, "a length is none below zero");
  if (length.has_value()) {
    Require(head.HasFraming() && head.Header("transfer-encoding").empty(),
            "a length frames, and stands alone");
  }
}

void CheckTimes(const HttpHead& head) {
  const absl::Time date = head.Date().value_or(absl::UnixEpoch());
  const auto year = absl::ToCivilYear(date, absl::UTCTimeZone()).year();
  Require(year >= 0 && year <= 9999, "a date's year has four digits", head.Header("date"));
  const std::optional<absl::Duration> retry_after = RetryAfterHeader(head);
  Require(retry_after.value_or(absl::ZeroDuration()) >= absl::ZeroDuration(),
          "a pause is none below zero", head.Header("retry-after"));
  const std::vector<RateLimitWindow> windows = RateLimitOf(head);
  for (const RateLimitWindow& window : windows) {
    Require(window.remaining.value_or(0) >= 0 && window.remaining.value_or(0) <= kMaxValue,
            "what is left is a number", head.Header("ratelimit"));
    const absl::Duration reset = window.reset.value_or(absl::ZeroDuration());
    Require(reset >= absl::ZeroDuration() && reset <= absl::Seconds(kMaxValue), "a window ends",
            head.Header("ratelimit"));
    Require(window.quota.value_or(0) >= 0 && window.quota.value_or(0) <= kMaxValue,
            "a quota is a number", head.Header("ratelimit-policy"));
  }
  const absl::Duration pause = PauseOf(retry_after, windows);
  Require(pause >= absl::Seconds(1) && pause <= absl::Minutes(5), "a pause is bounded");
}

void Feed(absl::string_view answer) {
  HeadReader reader(kMaxHeadBytes);
  ReadHead(reader, answer);
  const HttpHead& head = reader.head();
  Require(!reader.complete() || head.status >= 200, "a whole head is that of the answer");
  CheckHeaders(head, answer.size());
  CheckLength(head);
  CheckTimes(head);
  IsFile(head);
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pcaps::Feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
