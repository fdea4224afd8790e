// RedisBackoff: the pauses between attempts to connect.
#pragma once

#include <algorithm>

#include "absl/random/random.h"
#include "absl/time/time.h"

namespace pcaps {

class RedisBackoff {
 public:
  RedisBackoff(absl::Duration min, absl::Duration max) : min_(min), max_(max), next_(min) {}

  // Doubled each time, and jittered: clients cut off together do not come back together.
  absl::Duration Next() {
    const absl::Duration pause = next_ * absl::Uniform(random_, 0.5, 1.0);
    next_ = std::min(next_ * 2, max_);
    return pause;
  }

  // A connection lasted for so long. Where that is no time at all the pauses go on growing: there
  // may be a Redis that lets everybody in and serves nobody.
  void Lasted(absl::Duration time) {
    if (time > max_) next_ = min_;
  }

 private:
  const absl::Duration min_;
  const absl::Duration max_;
  absl::Duration next_;
  absl::BitGen random_;
};

}  // namespace pcaps
