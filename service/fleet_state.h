// FleetState: the shared state that a configuration asks for, for as long as the process runs.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/config.h"
#include "service/state/metered_state.h"
#include "service/telemetry/log.h"

namespace pcaps {

class RedisClient;
class RedisState;

class FleetState {
 public:
  // A Redis that is not there is no error: the state joins it when it comes. Says once in the log
  // what becomes of it. All referents outlive the state; `control` is where it works.
  FleetState(const Config::State& config, Loop control, Clock& clock, Log& log,
             MeteredState::Observer observer);
  // After the loop has ended.
  ~FleetState();

  SharedState& state() const { return *state_; }
  // Redis, or this process's memory.
  bool is_redis() const { return redis_ != nullptr; }
  // Values of Redis that were not ours. On the control loop.
  int64_t corrupt_values() const;
  // Lets the loop end. Any thread.
  void Stop();

 private:
  const Loop control_;
  std::unique_ptr<RedisClient> redis_;  // Null: the state is this process's.
  const RedisState* redis_state_ = nullptr;
  std::unique_ptr<MeteredState> state_;
};

// Whether what the configuration names can be read: the password.
absl::Status CheckState(const Config::State& config);

}  // namespace pcaps
