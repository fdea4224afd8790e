// What an answer of the upstream tells of its rate limit:
//   Ratelimit: "default";r=50;t=30           50 requests are left in a window that ends in 30 s
//   Ratelimit-Policy: "default";q=1200;w=300  of 1200 in 300 s
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/pcaps_api/http_head.h"

namespace pcaps {

struct RateLimitWindow {
  std::string name;
  std::optional<double> remaining;
  std::optional<absl::Duration> reset;
  std::optional<double> quota;  // Of the policy of the same name.
};

// In the header's order. What cannot be understood is left out.
std::vector<RateLimitWindow> RateLimitOf(const HttpHead& head);

// What Retry-After says in seconds; nothing where it says none.
std::optional<absl::Duration> RetryAfterHeader(const HttpHead& head);

// How long a 429 asks to be left alone: what Retry-After says, else until the window that is used
// up ends, else a minute. 1 s to 5 min: the upstream blocks no longer.
absl::Duration PauseOf(std::optional<absl::Duration> retry_after,
                       const std::vector<RateLimitWindow>& windows);

}  // namespace pcaps
