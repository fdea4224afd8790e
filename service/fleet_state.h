// FleetState: the shared state that a configuration asks for, for as long as the process runs.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/config.h"
#include "service/state/shared_state.h"
#include "service/telemetry/log.h"

namespace pcaps {

class RedisClient;

class FleetState {
 public:
  // A Redis that is not there is no error: the state joins it when it comes. Says once in the log
  // what becomes of it. All referents outlive the state; `control` is where it works.
  FleetState(const Config::State& config, Loop control, Clock& clock, Log& log);
  // After the loop has ended.
  ~FleetState();

  SharedState& state() { return *state_; }
  // Lets the loop end. Any thread.
  void Stop();

 private:
  const Loop control_;
  std::unique_ptr<RedisClient> redis_;  // Null: the state is this process's.
  std::unique_ptr<SharedState> state_;
};

// Whether what the configuration names can be read: the password.
absl::Status CheckState(const Config::State& config);

}  // namespace pcaps
