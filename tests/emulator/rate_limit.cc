#include "tests/emulator/rate_limit.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace pcaps::emulator {
namespace {

int64_t WholeSeconds(absl::Duration duration) {
  return absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)));
}

}  // namespace

RateLimit::Decision RateLimit::Take(const std::string& token, absl::Time now) {
  Usage& usage = tokens_[token];
  if (options_.enabled && now < usage.blocked_until) {
    const absl::Duration rest = usage.blocked_until - now;
    return {.retry_after = rest, .remaining = 0, .until_reset = rest};
  }
  if (now >= usage.window_end) {
    usage.window_end = now + options_.window;
    usage.requests = 0;
  }
  ++usage.requests;
  if (options_.enabled && usage.requests > options_.requests) {
    usage.blocked_until = now + options_.block;
    usage.window_end = usage.blocked_until;  // A block ends with a fresh window.
    return {.retry_after = options_.block, .remaining = 0, .until_reset = options_.block};
  }
  return {.remaining = std::max<int64_t>(options_.requests - usage.requests, 0),
          .until_reset = usage.window_end - now};
}

void RateLimit::AddHeaders(const Decision& decision, Answer& answer) const {
  answer.headers.emplace_back("Ratelimit",
                              absl::StrFormat("\"default\";r=%d;t=%d", decision.remaining,
                                              WholeSeconds(decision.until_reset)));
  answer.headers.emplace_back(
      "Ratelimit-Policy",
      absl::StrFormat("\"default\";q=%d;w=%d", options_.requests, WholeSeconds(options_.window)));
}

}  // namespace pcaps::emulator
