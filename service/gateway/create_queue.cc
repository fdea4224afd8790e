#include "service/gateway/create_queue.h"

#include <algorithm>
#include <utility>

namespace pcaps {

CreateQueue::Entered CreateQueue::Enter(std::string lane, absl::Time patience) {
  auto place = std::make_shared<Place>(loop_, std::move(lane), patience);
  lanes_[place->lane].places.push_back(place);
  return place;
}

void CreateQueue::Leave(const Entered& place) {
  const auto found = lanes_.find(place->lane);
  Lane& lane = found->second;
  const bool was_first = lane.places.front() == place;
  lane.places.erase(std::find(lane.places.begin(), lane.places.end(), place));
  if (lane.places.empty()) {
    lanes_.erase(found);
  } else if (was_first) {
    lane.was_busy = true;
    lane.refusal = absl::OkStatus();
    lane.places.front()->moved.Notify();
  }
}

bool CreateQueue::WasBusy(const Entered& place) const { return lanes_.at(place->lane).was_busy; }

Task<absl::Status> CreateQueue::AwaitFront(Entered place, absl::Time deadline) {
  while (true) {
    const Lane& lane = lanes_.at(place->lane);
    if (lane.places.front() == place) co_return absl::OkStatus();
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
    const absl::Status refused = RefusalOf(*place, lane.refusal);
    if (!refused.ok()) co_return refused;
    if (clock_.Now() >= deadline) co_return absl::DeadlineExceededError("others come first");
    const bool impatient = clock_.Now() >= place->patience;
    co_await clock_.WaitUntil(place->moved,
                              impatient ? deadline : std::min(place->patience, deadline));
  }
}

Task<absl::Status> CreateQueue::AwaitSlot(Entered place, CreateRefusal refusal) {
  Lane& lane = lanes_.at(place->lane);
  lane.refusal = refusal.status;
  WakeAll(lane);
  while (true) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
    const absl::Status refused = RefusalOf(*place, refusal.status);
    if (!refused.ok()) co_return refused;
    if (clock_.Now() >= refusal.look_again) co_return absl::OkStatus();
    co_await clock_.WaitUntil(place->moved, std::min(refusal.look_again, place->patience));
  }
}

void CreateQueue::Unblock(const Entered& place) {
  lanes_.at(place->lane).refusal = absl::OkStatus();
}

absl::Status CreateQueue::RefusalOf(const Place& place, const absl::Status& refusal) const {
  if (refusal.ok()) return refusal;
  if (clock_.Now() >= place.patience) return refusal;
  return ended_.value_or(absl::OkStatus());
}

void CreateQueue::WakeAll(const Lane& lane) {
  for (const Entered& place : lane.places) place->moved.Notify();
}

void CreateQueue::EndWaits(absl::Status why) {
  ended_ = std::move(why);
  for (const auto& [name, lane] : lanes_) WakeAll(lane);
}

}  // namespace pcaps
