// EmulatorOptions: everything the command line sets. The defaults are the API's own rules with
// times a test can wait for.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "absl/time/time.h"

namespace pcaps::emulator {

// How fast captures proceed.
struct Pace {
  absl::Duration simple_duration = absl::Milliseconds(300);  // From submitted to done.
  double time_scale = 1.0;  // Real seconds one second of a full capture's time_limit takes.
};

// The API's rules on creating captures.
struct RulesOptions {
  bool enabled = true;
  absl::Duration simple_interval = absl::Seconds(60);  // One simple capture per account in it.
  int refusal_status = 429;  // Nobody documents what a violation answers: 429, 409 or 400.
  bool retry_after = false;  // Whether the refusal of a simple capture carries retry-after.
};

// The API's limit per token. Its headers are sent in any case.
struct RateLimitOptions {
  bool enabled = false;
  int64_t requests = 1200;
  absl::Duration window = absl::Seconds(300);
  absl::Duration block = absl::Seconds(300);  // Going over refuses every call for so long.
};

struct EmulatorOptions {
  std::set<std::string> tokens;    // Empty: any bearer token that is not empty.
  std::set<std::string> accounts;  // Empty: any account.
  uint64_t seed = 1;               // Ids, cf-rays and the luck of faults follow from it.
  bool require_ownership = false;  // Full captures only into validated buckets.
  Pace pace;
  RulesOptions rules;
  RateLimitOptions rate_limit;
};

}  // namespace pcaps::emulator
