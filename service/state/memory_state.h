// MemoryState: the state of a gateway that shares nothing, in its own memory. It is always up.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients/base/clock.h"
#include "service/state/expiring_map.h"
#include "service/state/shared_state.h"
#include "service/state/token_buckets.h"

namespace pcaps {

// All calls end at once; messages and `on_gap` come later, from the control loop. Full, it forgets
// some value that PutIfNewer put, and refuses new records and buckets: RESOURCE_EXHAUSTED.
class MemoryState : public SharedState {
 public:
  // `max_entries`: of each kind. `clock` outlives it.
  MemoryState(Loop control, Clock& clock, size_t max_entries = 100000);

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
  absl::Time Now() const override { return clock_.Now(); }
  bool up() const override { return true; }

  // Entries of all kinds, some of them forgotten already.
  size_t size() const;

 private:
  struct Poll {
    std::string holder;
    absl::Time until;
    std::map<std::string, absl::Time> wanted;  // And until when.
  };
  using Listener = std::function<void(std::string message)>;

  const Loop control_;
  Clock& clock_;
  ExpiringMap<OrderedValue> values_;
  ExpiringMap<std::string> records_;
  TokenBuckets buckets_;
  ExpiringMap<Poll> polls_;
  std::shared_ptr<Listener> listener_;  // Shared with messages on their way.
};

}  // namespace pcaps
