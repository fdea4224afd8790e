// A shared state that can be lost: down, or restarted empty.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "service/state/memory_state.h"

namespace pcaps {

// Counts what it is asked; while `down` it answers nothing.
class LosableState : public SharedState {
 public:
  LosableState(Loop control, Clock& clock)
      : control_(std::move(control)), clock_(clock), memory_(MakeMemory()) {}

  // As a Redis without persistence that is restarted.
  void Flush() { memory_ = MakeMemory(); }

  Task<absl::StatusOr<TakeResult>> Take(TakeRequest request) override {
    ++takes;
    last_take = request;
    if (down) co_return absl::UnavailableError("down");
    absl::StatusOr<TakeResult> taken = co_await memory_->Take(std::move(request));
    while (slow) co_await clock_.Sleep(absl::Milliseconds(10));
    co_return taken;
  }
  Task<absl::Status> Close(std::string bucket_key, absl::Time until) override {
    ++closes;
    if (down) co_return absl::UnavailableError("down");
    co_return co_await memory_->Close(std::move(bucket_key), until);
  }
  Task<absl::Status> Reopen(Bucket bucket) override {
    reopened.push_back(bucket.key);
    if (down) co_return absl::UnavailableError("down");
    co_return co_await memory_->Reopen(std::move(bucket));
  }
  Task<absl::Status> Hold(std::string bucket_key, double tokens, absl::Time until) override {
    ++holds;
    if (down) co_return absl::UnavailableError("down");
    co_return co_await memory_->Hold(std::move(bucket_key), tokens, until);
  }
  absl::Time Now() const override { return clock_.Now() + ahead; }
  bool up() const override { return !down; }

  // Not of use here.
  Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> GetMany(
      std::vector<std::string> keys) override {
    return memory_->GetMany(std::move(keys));
  }
  Task<absl::StatusOr<bool>> PutIfNewer(std::string key, OrderedValue value,
                                        absl::Duration ttl) override {
    return memory_->PutIfNewer(std::move(key), std::move(value), ttl);
  }
  Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key) override {
    return memory_->Get(std::move(key));
  }
  Task<absl::StatusOr<CasResult>> CompareAndSet(std::string key,
                                                std::optional<std::string> expected,
                                                std::optional<std::string> desired,
                                                absl::Duration ttl) override {
    return memory_->CompareAndSet(std::move(key), std::move(expected), std::move(desired), ttl);
  }
  Task<absl::StatusOr<PollTurn>> TakePollTurn(std::string account_id, std::string holder,
                                              std::set<std::string> ids,
                                              absl::Duration ttl) override {
    return memory_->TakePollTurn(std::move(account_id), std::move(holder), std::move(ids), ttl);
  }
  Task<absl::Status> GivePollTurn(std::string account_id, std::string holder) override {
    return memory_->GivePollTurn(std::move(account_id), std::move(holder));
  }
  Task<absl::Status> Publish(std::string message) override {
    return memory_->Publish(std::move(message));
  }
  void Subscribe(std::function<void(std::string message)> on_message,
                 std::function<void()> on_gap) override {
    memory_->Subscribe(std::move(on_message), std::move(on_gap));
  }

  bool down = false;
  bool slow = false;  // Takes are done, but not yet answered.
  absl::Duration ahead = absl::ZeroDuration();
  int takes = 0;
  int closes = 0;
  int holds = 0;
  TakeRequest last_take;
  std::vector<std::string> reopened;

 private:
  std::unique_ptr<MemoryState> MakeMemory() {
    return std::make_unique<MemoryState>(control_, clock_);
  }

  const Loop control_;
  Clock& clock_;
  std::unique_ptr<MemoryState> memory_;
};

}  // namespace pcaps
