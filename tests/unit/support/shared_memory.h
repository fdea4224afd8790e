// A state in memory that several replicas of a test share, each on a loop of its own, and what can
// go wrong with one replica's way to it.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "service/state/memory_state.h"

namespace pcaps {

// Where messages of all replicas meet.
struct SharedNews {
  std::vector<std::pair<Loop, std::function<void(std::string)>>> listeners;
};

// One replica's way to the state. On one thread with the other replicas.
class ReplicaState : public SharedState {
 public:
  ReplicaState(Loop loop, MemoryState& memory, SharedNews& news)
      : loop_(std::move(loop)), memory_(memory), news_(news) {}

  bool down = false;            // Nothing is answered.
  bool loses_messages = false;  // Those it publishes reach nobody.
  std::function<void()> on_gap;

  Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> GetMany(
      std::vector<std::string> keys) override {
    if (down) co_return Down();
    co_return co_await memory_.GetMany(std::move(keys));
  }
  Task<absl::StatusOr<bool>> PutIfNewer(std::string key, OrderedValue value,
                                        absl::Duration ttl) override {
    if (down) co_return Down();
    co_return co_await memory_.PutIfNewer(std::move(key), std::move(value), ttl);
  }
  Task<absl::StatusOr<std::optional<std::string>>> Get(std::string key) override {
    if (down) co_return Down();
    co_return co_await memory_.Get(std::move(key));
  }
  Task<absl::StatusOr<CasResult>> CompareAndSet(std::string key,
                                                std::optional<std::string> expected,
                                                std::optional<std::string> desired,
                                                absl::Duration ttl) override {
    if (down) co_return Down();
    co_return co_await memory_.CompareAndSet(std::move(key), std::move(expected),
                                             std::move(desired), ttl);
  }
  Task<absl::StatusOr<TakeResult>> Take(TakeRequest request) override {
    if (down) co_return Down();
    co_return co_await memory_.Take(std::move(request));
  }
  Task<absl::Status> Close(std::string bucket_key, absl::Time until) override {
    if (down) co_return Down();
    co_return co_await memory_.Close(std::move(bucket_key), until);
  }
  Task<absl::Status> Reopen(Bucket bucket) override {
    if (down) co_return Down();
    co_return co_await memory_.Reopen(std::move(bucket));
  }
  Task<absl::Status> Hold(std::string bucket_key, double tokens, absl::Time until) override {
    if (down) co_return Down();
    co_return co_await memory_.Hold(std::move(bucket_key), tokens, until);
  }
  Task<absl::StatusOr<PollTurn>> TakePollTurn(std::string account_id, std::string holder,
                                              std::set<std::string> ids,
                                              absl::Duration ttl) override {
    if (down) co_return Down();
    co_return co_await memory_.TakePollTurn(std::move(account_id), std::move(holder),
                                            std::move(ids), ttl);
  }
  Task<absl::Status> GivePollTurn(std::string account_id, std::string holder) override {
    if (down) co_return Down();
    co_return co_await memory_.GivePollTurn(std::move(account_id), std::move(holder));
  }
  Task<absl::Status> Publish(std::string message) override {
    if (down) co_return Down();
    if (loses_messages) co_return absl::OkStatus();
    for (const auto& [loop, listener] : news_.listeners) {
      boost::asio::post(loop, [listener, message] { listener(message); });
    }
    co_return absl::OkStatus();
  }
  void Subscribe(std::function<void(std::string message)> on_message,
                 std::function<void()> gap) override {
    on_gap = std::move(gap);
    news_.listeners.emplace_back(loop_, [this, on_message = std::move(on_message)](std::string m) {
      if (!down) on_message(std::move(m));
    });
  }
  absl::Time Now() const override { return memory_.Now(); }
  bool up() const override { return !down; }

 private:
  static absl::Status Down() { return absl::UnavailableError("down"); }

  const Loop loop_;
  MemoryState& memory_;
  SharedNews& news_;
};

}  // namespace pcaps
