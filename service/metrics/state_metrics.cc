#include "service/metrics/state_metrics.h"

#include <string>

#include "service/telemetry/buckets.h"

namespace pcaps {
namespace {

// From a script on the same machine to a few times command_timeout.
constexpr double kCommandSeconds[] = {.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1};

}  // namespace

StateMetrics::StateMetrics(prometheus::Registry& registry) {
  auto& seconds = prometheus::BuildHistogram()
                      .Name("pcaps_state_command_seconds")
                      .Help(
                          "From a call to the shared state to its answer, or to its end "
                          "without one; at once while the state is down.")
                      .Register(registry);
  auto& errors = prometheus::BuildCounter()
                     .Name("pcaps_state_errors_total")
                     .Help("Calls that the shared state did not answer, or refused.")
                     .Register(registry);
  for (size_t i = 0; i < kStateCommands; ++i) {
    const std::string name(StateCommandName(static_cast<StateCommand>(i)));
    seconds_[i] = &seconds.Add({{"command", name}}, BucketsOf(kCommandSeconds));
    errors_[i] = &errors.Add({{"command", name}});
  }
}

void StateMetrics::Count(StateCommand command, absl::Duration took, bool ok) {
  const auto i = static_cast<size_t>(command);
  seconds_[i]->Observe(absl::ToDoubleSeconds(took));
  if (!ok) errors_[i]->Increment();
}

}  // namespace pcaps
