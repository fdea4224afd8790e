// MeteredState: a shared state whose calls are timed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "clients/base/clock.h"
#include "service/state/shared_state.h"

namespace pcaps {

enum class StateCommand {
  kGetMany,
  kPutIfNewer,
  kGet,
  kCompareAndSet,
  kTake,
  kClose,
  kReopen,
  kHold,
  kTakePollTurn,
  kGivePollTurn,
  kPublish,
};
constexpr size_t kStateCommands = 11;

// "get_many" for kGetMany: a label for metrics.
absl::string_view StateCommandName(StateCommand command);

// As SharedState, on the same threads.
class MeteredState final : public SharedState {
 public:
  // Of one call: how long it took until its answer, or until it was given up. On the control loop.
  using Observer = std::function<void(StateCommand command, absl::Duration took, bool ok)>;

  // The clock outlives it, and the tasks it gave out.
  MeteredState(std::unique_ptr<SharedState> state, Clock& clock, Observer observer)
      : state_(std::move(state)), clock_(clock), observer_(std::move(observer)) {}

  Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> GetMany(
      std::vector<std::string> keys) override;
  Task<absl::StatusOr<bool>> PutIfNewer(std::string key, OrderedValue value,
                                        absl::Duration ttl) override;
  Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key) override;
  Task<absl::StatusOr<CasResult>> CompareAndSet(std::string key,
                                                std::optional<std::string> expected,
                                                std::optional<std::string> desired,
                                                absl::Duration ttl) override;
  Task<absl::StatusOr<TakeResult>> Take(TakeRequest request) override;
  Task<absl::Status> Close(std::string bucket_key, absl::Time until) override;
  Task<absl::Status> Reopen(Bucket bucket) override;
  Task<absl::Status> Hold(std::string bucket_key, double tokens, absl::Time until) override;
  Task<absl::StatusOr<PollTurn>> TakePollTurn(std::string account_id, std::string holder,
                                              std::set<std::string> ids,
                                              absl::Duration ttl) override;
  Task<absl::Status> GivePollTurn(std::string account_id, std::string holder) override;
  Task<absl::Status> Publish(std::string message) override;
  void Subscribe(std::function<void(std::string message)> on_message,
                 std::function<void()> on_gap) override {
    state_->Subscribe(std::move(on_message), std::move(on_gap));
  }
  absl::Time Now() const override { return state_->Now(); }
  bool up() const override { return state_->up(); }

 private:
  template <typename Answer>
  Task<Answer> Timed(StateCommand command, Task<Answer> call);

  const std::unique_ptr<SharedState> state_;
  Clock& clock_;
  const Observer observer_;
};

}  // namespace pcaps
