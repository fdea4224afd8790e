#include "service/state/memory_state.h"

#include <algorithm>
#include <utility>

namespace pcaps {
namespace {

// As Redis keeps it.
Order ToMicros(Order order) {
  order.time = absl::FromUnixMicros(absl::ToUnixMicros(order.time));
  return order;
}

absl::Status Full() { return absl::ResourceExhaustedError("the state is full"); }

}  // namespace

MemoryState::MemoryState(Loop control, Clock& clock, size_t max_entries)
    : control_(std::move(control)),
      clock_(clock),
      values_(max_entries),
      records_(max_entries),
      buckets_(max_entries),
      polls_(max_entries) {}

Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> MemoryState::GetMany(
    std::vector<std::string> keys) {
  const absl::Time now = Now();
  std::vector<std::optional<OrderedValue>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) {
    const OrderedValue* const value = values_.Find(key, now);
    values.push_back(value == nullptr ? std::nullopt : std::optional(*value));
  }
  co_return values;
}

Task<absl::StatusOr<bool>> MemoryState::PutIfNewer(std::string key, OrderedValue value,
                                                   absl::Duration ttl) {
  const absl::Time now = Now();
  value.order = ToMicros(value.order);
  const OrderedValue* const known = values_.Find(key, now);
  if (known != nullptr && known->order >= value.order) co_return false;
  if (!values_.Put(key, value, now + ttl, now)) {
    values_.EvictOne();
    values_.Put(key, std::move(value), now + ttl, now);
  }
  co_return true;
}

Task<absl::StatusOr<std::optional<std::string>>> MemoryState::Get(std::string key) {
  const std::string* const record = records_.Find(key, Now());
  co_return record == nullptr ? std::nullopt : std::optional(*record);
}

Task<absl::StatusOr<CasResult>> MemoryState::CompareAndSet(std::string key,
                                                           std::optional<std::string> expected,
                                                           std::optional<std::string> desired,
                                                           absl::Duration ttl) {
  const absl::Time now = Now();
  const std::string* const record = records_.Find(key, now);
  CasResult result;
  if (record != nullptr) result.current = *record;
  if (result.current != expected) co_return result;
  if (!desired.has_value()) {
    records_.Erase(key);
  } else if (!records_.Put(key, *desired, now + ttl, now)) {
    co_return Full();
  }
  result.swapped = true;
  result.current = std::move(desired);
  co_return result;
}

Task<absl::StatusOr<TakeResult>> MemoryState::Take(TakeRequest request) {
  co_return buckets_.Take(request, Now());
}

Task<absl::Status> MemoryState::Close(std::string bucket_key, absl::Time until) {
  co_return buckets_.Close(bucket_key, until, Now());
}

Task<absl::Status> MemoryState::Reopen(Bucket bucket) { co_return buckets_.Reopen(bucket, Now()); }

Task<absl::Status> MemoryState::Hold(std::string bucket_key, double tokens, absl::Time until) {
  co_return buckets_.Hold(bucket_key, tokens, until, Now());
}

Task<absl::StatusOr<PollTurn>> MemoryState::TakePollTurn(std::string account_id, std::string holder,
                                                         std::set<std::string> ids,
                                                         absl::Duration ttl) {
  const absl::Time now = Now();
  const absl::Time until = now + ttl;
  Poll* const poll = polls_.FindOrAdd(account_id, until, now);
  if (poll == nullptr) co_return Full();
  std::erase_if(poll->wanted, [now](const auto& wanted) { return wanted.second <= now; });
  absl::Time expires = until;
  PollTurn turn;
  turn.mine = poll->until <= now || poll->holder == holder;
  if (turn.mine) {
    poll->holder = std::move(holder);
    poll->until = until;
  }
  for (const std::string& id : ids) {
    absl::Time& wanted = poll->wanted[id];
    wanted = std::max(wanted, until);
  }
  for (const auto& [id, wanted] : poll->wanted) {
    turn.ids.insert(id);
    expires = std::max(expires, wanted);
  }
  polls_.Extend(account_id, std::max(expires, poll->until));
  co_return turn;
}

Task<absl::Status> MemoryState::GivePollTurn(std::string account_id, std::string holder) {
  Poll* const poll = polls_.Find(account_id, Now());
  if (poll != nullptr && poll->holder == holder) poll->until = absl::InfinitePast();
  co_return absl::OkStatus();
}

Task<absl::Status> MemoryState::Publish(std::string message) {
  if (listener_ != nullptr) {
    boost::asio::post(control_, [listener = listener_, message = std::move(message)]() mutable {
      (*listener)(std::move(message));
    });
  }
  co_return absl::OkStatus();
}

void MemoryState::Subscribe(std::function<void(std::string message)> on_message,
                            std::function<void()> on_gap) {
  listener_ = std::make_shared<Listener>(std::move(on_message));
  boost::asio::post(control_, std::move(on_gap));
}

size_t MemoryState::size() const {
  return values_.size() + records_.size() + buckets_.size() + polls_.size();
}

}  // namespace pcaps
