// CreateLease: one creation at a time in an account, over the whole fleet. Whoever loses an answer
// can then tell its own capture in the list. On the control loop.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/state/shared_state.h"

namespace pcaps {

class CreateLease {
 public:
  // Both referents outlive it.
  CreateLease(SharedState& state, Clock& clock) : state_(state), clock_(clock) {}

  // Waits for the lease until `deadline`, DEADLINE_EXCEEDED after it. It is then the holder's for
  // kCreateLeaseTime at most. `again`: this process just had it, and lets others go first that wait
  // for it. Other errors: CANCELLED; the state's, when it may yet be had for that time.
  Task<absl::Status> Take(std::string account_id, std::string holder, absl::Time deadline,
                          bool again);
  // Keeps it for `time` from now. False where it is the holder's no more.
  Task<absl::StatusOr<bool>> Extend(std::string account_id, std::string holder,
                                    absl::Duration time);
  // Gives it back, where the holder has it.
  Task<absl::Status> Release(std::string account_id, std::string holder);

 private:
  Task<absl::Status> Poll(std::string account_id, std::string holder, absl::Time deadline);
  Task<absl::Status> LetOthersGoFirst(std::string account_id);

  SharedState& state_;
  Clock& clock_;
};

// Enough for what is asked before a POST; it is extended for that.
constexpr absl::Duration kCreateLeaseTime = absl::Seconds(10);

}  // namespace pcaps
