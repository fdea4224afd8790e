// RateLimit: so many requests per window and token; going over refuses every call of the token for
// the block time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "tests/emulator/answer.h"
#include "tests/emulator/options.h"

namespace pcaps::emulator {

class RateLimit {
 public:
  struct Decision {
    std::optional<absl::Duration> retry_after;  // Set: refused.
    int64_t remaining = 0;
    absl::Duration until_reset;
  };

  explicit RateLimit(RateLimitOptions options) : options_(options) {}

  // Counts one request of `token`. Never refuses while disabled, but counts all the same.
  Decision Take(const std::string& token, absl::Time now);
  // Ratelimit and Ratelimit-Policy.
  void AddHeaders(const Decision& decision, Answer& answer) const;

  RateLimitOptions& options() { return options_; }
  void Clear() { tokens_.clear(); }

 private:
  struct Usage {
    absl::Time window_end = absl::InfinitePast();
    absl::Time blocked_until = absl::InfinitePast();
    int64_t requests = 0;
  };

  RateLimitOptions options_;
  std::map<std::string, Usage> tokens_;
};

}  // namespace pcaps::emulator
