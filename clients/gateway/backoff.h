// Backoff: the pauses between a stream that broke and the next one, and when to give up.
#pragma once

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/gateway/call_options.h"

namespace pcaps {

struct BackoffOptions {
  absl::Duration initial = absl::Milliseconds(200);  // Doubled after each failure in a row.
  absl::Duration max = absl::Seconds(5);
  int max_failures_in_a_row = 5;  // One more is returned. gRPC has tried each several times, too.
  absl::Duration max_retry_after =
      absl::Seconds(30);  // A gateway that asks for more is obeyed by giving up.
};

// Used by one thread, for one call.
class Backoff {
 public:
  Backoff(const BackoffOptions& options, const CallOptions& call)
      : options_(options), call_(call) {}

  // Waits before the next try after `failure`, at least as long as its RetryInfo says. Anything but
  // OK is the error to end with: the failure itself where trying again is no use or not allowed any
  // more; CANCELLED once stop is requested.
  absl::Status WaitAfter(const absl::Status& failure);

  // There was progress: failures count anew.
  void Reset() { failures_ = 0; }

 private:
  absl::Duration NextPause();

  const BackoffOptions& options_;
  const CallOptions& call_;
  absl::BitGen random_;
  int failures_ = 0;
};

}  // namespace pcaps
