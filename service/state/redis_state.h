// RedisState: what a fleet shares, in a Redis. Each call is one command or script: one round trip,
// done or not done as a whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients/base/clock.h"
#include "clients/redis/redis_client.h"
#include "service/state/shared_state.h"
#include "service/state/state_scripts.h"

namespace pcaps {

// Time is Redis's own, but for what Now() says.
class RedisState : public SharedState {
 public:
  // `key_prefix`, with a colon after it, begins all keys and the channel. Both referents outlive
  // the state and the tasks it gave out.
  RedisState(RedisClient& client, const std::string& key_prefix, Clock& clock,
             StateScripts scripts = StateScripts());

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
                 std::function<void()> on_gap) override;
  absl::Time Now() const override;
  bool up() const override;

  // Values under our keys that were not ours. They were taken for none; of those of a type that is
  // not a value's, only when they were written over.
  uint64_t corrupt_values() const { return corrupt_values_; }

 private:
  std::string Key(const std::string& key) const;
  std::string Channel() const;
  // Runs a script that returns how many corrupt buckets it saw.
  Task<absl::Status> ChangeBucket(RedisScript script, std::string key,
                                  std::vector<std::string> args);
  // Redis's time was `redis_now` at some moment between the two of ours.
  void LearnTime(absl::Time redis_now, absl::Time sent, absl::Time received);
  absl::Duration ClockOffset() const;

  RedisClient& client_;
  const std::string prefix_;
  Clock& clock_;
  const StateScripts scripts_;
  uint64_t corrupt_values_ = 0;
  // What we made of the client's measurement of the clocks, and of which one: it counts until the
  // client measures anew. Nanoseconds.
  std::atomic<int64_t> measured_offset_ = 0;
  std::atomic<int64_t> refined_offset_ = 0;
};

}  // namespace pcaps
