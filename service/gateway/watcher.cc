#include "service/gateway/watcher.h"

#include <algorithm>
#include <utility>

#include "clients/base/proto_time.h"
#include "service/gateway/watch_hub.h"

namespace pcaps {

Watcher::Watcher(WatchHub& hub, std::shared_ptr<WatchedAccount> account, uint64_t number,
                 const std::set<std::string>& ids)
    : hub_(hub),
      account_(std::move(account)),
      number_(number),
      joined_at_(hub.clock_.Now()),
      of_everything_(ids.empty()),
      changed_(hub.loop_) {
  account_->watchers[number_] = this;
  if (of_everything_) account_->everything[number_] = this;
  places_.reserve(ids.size());
  for (const std::string& id : ids) places_.push_back({account_->Add(number_, this, id)});
}

Watcher::~Watcher() {
  account_->watchers.erase(number_);
  for (const Place& place : places_) account_->Remove(number_, place.capture);
  if (of_everything_) account_->RemoveFromEverything(number_);
  hub_.Left(*account_);
}

bool Watcher::Unsent(const Place& place) const {
  if (place.told == place.capture->version) return false;
  // Of what came and went unseen, nothing is told to those who did not ask for it.
  return !(place.capture->gone && place.told == 0 && of_everything_);
}

void Watcher::CatchUp() {
  if (!of_everything_) return;
  std::erase_if(places_, [](const Place& place) {
    const WatchedCapture& capture = *place.capture;
    return (capture.gone && place.told == 0) || (capture.left && place.told == capture.version);
  });
  for (auto next = account_->by_number.upper_bound(newest_place_);
       next != account_->by_number.end(); ++next) {
    newest_place_ = next->first;
    if (!account_->IsLeft(*next->second)) places_.push_back({next->second});
  }
}

bool Watcher::SnapshotComplete() const {
  if (of_everything_) return account_->listed;
  return std::all_of(places_.begin(), places_.end(),
                     [](const Place& place) { return place.capture->seen(); });
}

bool Watcher::AllSent() const {
  if (of_everything_) {
    for (auto next = account_->by_number.upper_bound(newest_place_);
         next != account_->by_number.end(); ++next) {
      if (next->second->seen() && !account_->IsLeft(*next->second)) return false;
    }
  }
  return std::none_of(places_.begin(), places_.end(),
                      [this](const Place& place) { return Unsent(place); });
}

bool Watcher::AllDone() const {
  if (of_everything_ || !AllSent()) return false;
  return std::none_of(places_.begin(), places_.end(),
                      [](const Place& place) { return place.capture->open(); });
}

v1::Heartbeat Watcher::MakeHeartbeat() const {
  v1::Heartbeat heartbeat;
  const absl::Time last_answer = account_->last_answer;
  if (last_answer == absl::InfinitePast()) return heartbeat;
  *heartbeat.mutable_observed_time() = ToTimestamp(last_answer);
  heartbeat.set_stale(hub_.IsStale(*account_));
  return heartbeat;
}

void Watcher::End(absl::Status why) {
  end_ = std::make_unique<absl::Status>(std::move(why));
  Wake();
}

std::optional<v1::WatchEvent> Watcher::TakeUnsent() {
  CatchUp();
  auto next = std::find_if(places_.begin(), places_.end(), [this](const Place& place) {
    return place.capture->gone && Unsent(place);
  });
  if (next == places_.end()) {
    next = std::find_if(places_.begin(), places_.end(),
                        [this](const Place& place) { return Unsent(place); });
  }
  if (next == places_.end()) return std::nullopt;
  v1::WatchEvent event;
  if (next->capture->gone) {
    event.set_removed_pcap_id(next->capture->id);
    account_->Remove(number_, next->capture);
    places_.erase(next);
  } else {
    *event.mutable_pcap() = *next->capture->state;
    next->told = next->capture->version;
  }
  return event;
}

Task<absl::StatusOr<std::optional<v1::WatchEvent>>> Watcher::Next(absl::Time until) {
  const bool was_complete = SnapshotComplete();
  while (true) {
    std::optional<v1::WatchEvent> event = TakeUnsent();
    if (event.has_value()) co_return event;
    if (end_ != nullptr) co_return *end_;
    const bool over = SnapshotComplete() != was_complete || hub_.clock_.Now() >= until;
    const bool cancelled = co_await Cancelled();
    if (over || cancelled) co_return std::nullopt;
    co_await hub_.clock_.WaitUntil(changed_, until);
  }
}

void Watcher::Wrote(v1::WatchEvent::EventCase kind) {
  WatchHub::Counts& counts = hub_.counts_;
  switch (kind) {
    case v1::WatchEvent::kPcap:
      ++counts.pcaps;
      break;
    case v1::WatchEvent::kRemovedPcapId:
      ++counts.removed;
      break;
    case v1::WatchEvent::kHeartbeat:
      ++counts.heartbeats;
      break;
    case v1::WatchEvent::EVENT_NOT_SET:
      break;
  }
}

}  // namespace pcaps
