// A shared state that fails when a test wants it to: before it does what it is asked, or after.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "service/state/shared_state.h"

namespace pcaps {

class FailingState : public SharedState {
 public:
  enum class Trouble { kNone, kFailsBefore, kFailsAfter };

  explicit FailingState(SharedState& state) : state_(state) {}

  // Asked before each call about records.
  std::function<Trouble()> trouble = [] { return Trouble::kNone; };

  Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key) override {
    if (trouble() != Trouble::kNone) co_return absl::UnavailableError("the state is down");
    co_return co_await state_.Get(std::move(key));
  }
  Task<absl::StatusOr<CasResult>> CompareAndSet(std::string key,
                                                std::optional<std::string> expected,
                                                std::optional<std::string> desired,
                                                absl::Duration ttl) override {
    const Trouble now = trouble();
    if (now == Trouble::kFailsBefore) co_return absl::UnavailableError("the state is down");
    absl::StatusOr<CasResult> result =
        co_await state_.CompareAndSet(std::move(key), std::move(expected), std::move(desired), ttl);
    if (now == Trouble::kFailsAfter) co_return absl::UnavailableError("the state is slow");
    co_return result;
  }

  Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> GetMany(
      std::vector<std::string> keys) override {
    return state_.GetMany(std::move(keys));
  }
  Task<absl::StatusOr<bool>> PutIfNewer(std::string key, OrderedValue value,
                                        absl::Duration ttl) override {
    return state_.PutIfNewer(std::move(key), std::move(value), ttl);
  }
  Task<absl::StatusOr<TakeResult>> Take(TakeRequest request) override {
    return state_.Take(std::move(request));
  }
  Task<absl::Status> Close(std::string bucket_key, absl::Time until) override {
    return state_.Close(std::move(bucket_key), until);
  }
  Task<absl::Status> Reopen(Bucket bucket) override { return state_.Reopen(std::move(bucket)); }
  Task<absl::Status> Hold(std::string bucket_key, double tokens, absl::Time until) override {
    return state_.Hold(std::move(bucket_key), tokens, until);
  }
  Task<absl::StatusOr<PollTurn>> TakePollTurn(std::string account_id, std::string holder,
                                              std::set<std::string> ids,
                                              absl::Duration ttl) override {
    return state_.TakePollTurn(std::move(account_id), std::move(holder), std::move(ids), ttl);
  }
  Task<absl::Status> GivePollTurn(std::string account_id, std::string holder) override {
    return state_.GivePollTurn(std::move(account_id), std::move(holder));
  }
  Task<absl::Status> Publish(std::string message) override {
    return state_.Publish(std::move(message));
  }
  void Subscribe(std::function<void(std::string message)> on_message,
                 std::function<void()> on_gap) override {
    state_.Subscribe(std::move(on_message), std::move(on_gap));
  }
  absl::Time Now() const override { return state_.Now(); }
  bool up() const override { return state_.up(); }

 private:
  SharedState& state_;
};

}  // namespace pcaps
