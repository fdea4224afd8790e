// PollSchedule: how often the captures of an account are polled, and how long after a poll that
// failed or was not allowed.
#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pcaps {

struct PollLimits {
  absl::Duration min_interval;  // Of captures this young.
  absl::Duration max_interval;  // It grows with their age to this.
};

// Between polls of captures of which the youngest open one was submitted then; nullopt: none is
// open, and the list alone is watched.
absl::Duration PollInterval(const PollLimits& limits, absl::Time now,
                            std::optional<absl::Time> youngest_submitted);

// True where the poll was not allowed now, which says nothing of the upstream's health.
bool IsRefusal(const absl::Status& status);

// Before the next try, after `failures` polls failed in a row, the last with `status`; or after a
// refusal. `uniform` returns numbers in [0, 1).
absl::Duration PollBackoff(const PollLimits& limits, int failures, const absl::Status& status,
                           const std::function<double()>& uniform);

}  // namespace pcaps
