// StateMetrics: what Prometheus is told of calls to the shared state.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>

#include "absl/time/time.h"
#include "service/state/metered_state.h"

namespace pcaps {

class StateMetrics {
 public:
  // The registry outlives it.
  explicit StateMetrics(prometheus::Registry& registry);

  // As MeteredState::Observer. Any thread.
  void Count(StateCommand command, absl::Duration took, bool ok);

 private:
  std::array<prometheus::Histogram*, kStateCommands> seconds_;
  std::array<prometheus::Counter*, kStateCommands> errors_;
};

}  // namespace pcaps
