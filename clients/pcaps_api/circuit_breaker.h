// CircuitBreaker: stops calling an upstream that does not answer.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "clients/base/mutex.h"

namespace pcaps {

struct CircuitOptions {
  int failures_to_open =
      5;  // In a row, from two or more resources: one sick resource is no sick upstream.
  absl::Duration min_probe_interval = absl::Seconds(5);
  absl::Duration max_probe_interval = absl::Seconds(30);
};

// Closed: every call passes. Open: one call per interval passes as a probe; the interval doubles
// with each probe that fails, and any success closes the circuit. Thread-safe.
class CircuitBreaker {
 public:
  enum class Admission { kPass, kProbe, kRefuse };

  explicit CircuitBreaker(const CircuitOptions& options = {}) : options_(options) {}

  // Asked before each request.
  Admission Admit(absl::Time now);
  // True where Admit() would refuse.
  bool Refuses(absl::Time now) const;
  // What came of an admitted request; a request that proves nothing is not recorded. True where
  // that has closed the circuit, or opened it.
  bool RecordSuccess();
  bool RecordFailure(absl::Time now, const std::string& resource, Admission admission);

  bool IsOpen() const;
  // When the next probe may pass; in the past while closed.
  absl::Time NextProbe() const;

 private:
  void Open(absl::Time now, absl::Duration interval) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CircuitOptions options_;
  mutable Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string first_resource_ ABSL_GUARDED_BY(mutex_);
  bool several_resources_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration probe_interval_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_probe_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace pcaps
