#include "service/gateway/watch_hub.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// A capture's state rarely changes within a tenth of its age.
constexpr int kAgeShare = 10;
// Watchers told in a row before others on the loop get their turn: about 50 us.
constexpr int kSlice = 64;
// Done captures that left the list, asked for in one poll: they are in no hurry, and the budget is
// small.
constexpr size_t kMaxDepartedPerPoll = 5;
constexpr int kMaxBackoffDoublings = 10;
constexpr absl::Duration kOverloadedRetry = absl::Seconds(5);

bool SameState(v1::Pcap a, v1::Pcap b) {
  a.clear_observed_time();
  b.clear_observed_time();
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

absl::Status TooManyWatchers(absl::string_view of_what) {
  return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                                  absl::StrCat("too many watch streams ", of_what)),
                        kOverloadedRetry);
}

}  // namespace

// What is known of an account while somebody watches it.
struct Watcher::Account {
  Account(std::string account_id, const Loop& loop) : id(std::move(account_id)), wake(loop) {}

  // Open captures somebody watches; those never seen alone, if so asked.
  std::set<std::string> Due(bool only_unseen) const {
    std::set<std::string> due;
    for (const auto& [pcap_id, unused] : named) {
      const auto seen = known.find(pcap_id);
      if (seen == known.end() || (!only_unseen && !seen->second.done())) due.insert(pcap_id);
    }
    if (everything.empty() || only_unseen) return due;
    for (const auto& [pcap_id, pcap] : known) {
      if (!pcap.done()) due.insert(pcap_id);
    }
    return due;
  }
  // Done captures that `list` has no more. They are gone, or but too old for a list of 50: only
  // asking tells, which is done once.
  std::set<std::string> Departed(const std::vector<v1::Pcap>& list) const {
    std::set<std::string> listed_ids;
    for (const v1::Pcap& pcap : list) listed_ids.insert(pcap.id());
    std::set<std::string> departed;
    for (const auto& [pcap_id, pcap] : known) {
      if (departed.size() == kMaxDepartedPerPoll) break;
      if (!pcap.done() || listed_ids.count(pcap_id) > 0 || unlisted.count(pcap_id) > 0) continue;
      departed.insert(pcap_id);
    }
    return departed;
  }
  bool ListDue(bool only_unseen) const { return !everything.empty() && !(only_unseen && listed); }
  bool UnseenDue() const { return ListDue(true) || !Due(true).empty(); }

  const std::string id;
  std::map<uint64_t, Watcher*> watchers;                      // By number: stable across yields.
  std::map<std::string, std::map<uint64_t, Watcher*>> named;  // Who watches which capture.
  std::map<uint64_t, Watcher*> everything;                    // Who watches the whole account.
  std::map<std::string, v1::Pcap> known;                      // Newest state of what is watched.
  std::set<std::string> unlisted;  // Of these, done ones that exist though no list shows them.
  bool listed = false;             // `known` holds the whole list.
  absl::Time last_answer = absl::InfinitePast();
  absl::Time next_poll = absl::InfinitePast();
  int failures = 0;  // Polls failed in a row, the last with last_error.
  absl::Status last_error;
  Event wake;
};

Watcher::Watcher(WatchHub& hub, std::shared_ptr<Account> account, std::set<std::string> ids)
    : hub_(hub),
      account_(std::move(account)),
      number_(++hub.joined_),
      ids_(std::move(ids)),
      unseen_(ids_),
      open_(ids_),
      changed_(hub.loop_) {
  ++hub_.watchers_;
  account_->watchers[number_] = this;
  if (ids_.empty()) {
    account_->everything[number_] = this;
    listed_ = account_->listed;
    for (const auto& [id, pcap] : account_->known) Observe(pcap);
  }
  for (const std::string& id : ids_) {
    account_->named[id][number_] = this;
    const auto known = account_->known.find(id);
    if (known != account_->known.end()) Observe(known->second);
  }
}

Watcher::~Watcher() { hub_.Leave(*this); }

void Watcher::Observe(const v1::Pcap& pcap) {
  unsent_[pcap.id()] = pcap;
  unseen_.erase(pcap.id());
  if (pcap.done()) open_.erase(pcap.id());
  changed_.Notify();
}

void Watcher::Remove(const std::string& id) {
  unsent_.erase(id);
  removed_unsent_.insert(id);
  unseen_.erase(id);
  open_.erase(id);
  changed_.Notify();
}

bool Watcher::SnapshotComplete() const { return ids_.empty() ? listed_ : unseen_.empty(); }

bool Watcher::AllSent() const { return unsent_.empty() && removed_unsent_.empty(); }

bool Watcher::AllDone() const { return !ids_.empty() && open_.empty() && AllSent(); }

v1::Heartbeat Watcher::MakeHeartbeat() const {
  v1::Heartbeat heartbeat;
  if (account_->last_answer != absl::InfinitePast()) {
    *heartbeat.mutable_observed_time() = ToTimestamp(account_->last_answer);
  }
  heartbeat.set_stale(account_->failures >= 2);
  return heartbeat;
}

Task<absl::StatusOr<std::optional<v1::WatchEvent>>> Watcher::Next(absl::Time until) {
  const bool was_complete = SnapshotComplete();
  while (true) {
    v1::WatchEvent event;
    if (!removed_unsent_.empty()) {
      event.set_removed_pcap_id(*removed_unsent_.begin());
      removed_unsent_.erase(removed_unsent_.begin());
      co_return event;
    }
    if (!unsent_.empty()) {
      *event.mutable_pcap() = std::move(unsent_.begin()->second);
      unsent_.erase(unsent_.begin());
      co_return event;
    }
    if (!end_.ok()) co_return end_;
    const bool over = SnapshotComplete() != was_complete || hub_.clock_.Now() >= until;
    const bool cancelled = co_await Cancelled();
    if (over || cancelled) co_return std::nullopt;
    co_await hub_.clock_.WaitUntil(changed_, until);
  }
}

WatchHub::WatchHub(Loop loop, PcapsApi& api, Clock& clock, WatchOptions options)
    : loop_(std::move(loop)), api_(api), clock_(clock), options_(options) {}

WatchHub::~WatchHub() = default;

absl::StatusOr<std::unique_ptr<Watcher>> WatchHub::Watch(std::string account_id,
                                                         std::set<std::string> ids) {
  if (watchers_ >= options_.max_streams) return TooManyWatchers("on this replica");
  std::shared_ptr<Account>& account = accounts_[account_id];
  const bool first = account == nullptr;
  if (first) account = std::make_shared<Account>(account_id, loop_);
  if (static_cast<int>(account->watchers.size()) >= options_.max_streams_per_account) {
    return TooManyWatchers("of this account");
  }
  auto watcher = std::unique_ptr<Watcher>(new Watcher(*this, account, std::move(ids)));
  // While the upstream fails, newcomers that need it learn so at once instead of each trying it.
  if (account->failures > 0 && !watcher->SnapshotComplete()) return account->last_error;
  if (first) SpawnDetached(loop_, Poll(account));
  account->wake.Notify();
  return watcher;
}

void WatchHub::Leave(Watcher& watcher) {
  --watchers_;
  Account& account = *watcher.account_;
  account.watchers.erase(watcher.number_);
  account.everything.erase(watcher.number_);
  for (const std::string& id : watcher.ids_) {
    const auto watched = account.named.find(id);
    if (watched == account.named.end()) continue;
    watched->second.erase(watcher.number_);
    if (watched->second.empty()) account.named.erase(watched);
  }
  if (account.everything.empty()) {
    account.listed = false;
    account.unlisted.clear();
    for (auto it = account.known.begin(); it != account.known.end();) {
      it = account.named.count(it->first) > 0 ? std::next(it) : account.known.erase(it);
    }
  }
  if (account.watchers.empty()) {
    account.failures = 0;  // Whoever comes before the poller has ended tries anew.
    account.wake.Notify();
  }
}

Task<void> WatchHub::Poll(std::shared_ptr<Account> account) {
  while (!account->watchers.empty()) {
    const Scope scope = clock_.Now() >= account->next_poll ? Scope::kOpen : Scope::kUnseen;
    const absl::Status polled = co_await PollOnce(account, scope);
    account->failures = polled.ok() ? 0 : account->failures + 1;
    account->last_error = polled;
    if (!polled.ok()) {
      const bool for_all = absl::IsPermissionDenied(polled);
      for (const auto& [number, watcher] : account->watchers) {
        if (!for_all && watcher->SnapshotComplete()) continue;
        watcher->end_ = polled;
        watcher->changed_.Notify();
      }
    }
    if (scope == Scope::kOpen || !polled.ok()) {
      account->next_poll = clock_.Now() + Interval(*account);
    }
    while (clock_.Now() < account->next_poll && !account->watchers.empty()) {
      if (account->failures == 0 && account->UnseenDue()) break;
      co_await clock_.WaitUntil(account->wake, account->next_poll);
    }
  }
  accounts_.erase(account->id);
}

Task<absl::Status> WatchHub::PollOnce(std::shared_ptr<Account> account, Scope scope) {
  const bool only_unseen = scope == Scope::kUnseen;
  std::set<std::string> due = account->Due(only_unseen);
  if (account->ListDue(only_unseen) || due.size() > 1) {
    co_return co_await PollList(account, std::move(due));
  }
  co_return co_await PollEach(account, std::move(due));
}

Task<absl::Status> WatchHub::PollList(std::shared_ptr<Account> account, std::set<std::string> due) {
  const absl::Time deadline = clock_.Now() + options_.request_timeout;
  absl::StatusOr<std::vector<v1::Pcap>> list = co_await api_.ListPcaps(account->id, deadline);
  if (!list.ok()) co_return list.status();
  account->last_answer = clock_.Now();
  std::set<std::string> departed;
  if (!account->everything.empty()) departed = account->Departed(*list);
  for (v1::Pcap& pcap : *list) {
    due.erase(pcap.id());
    account->unlisted.erase(pcap.id());
    co_await Publish(account, std::move(pcap));
  }
  if (!account->everything.empty()) {
    account->listed = true;
    for (const auto& [number, watcher] : account->everything) {
      watcher->listed_ = true;
      watcher->changed_.Notify();
    }
  }
  due.insert(departed.begin(), departed.end());
  const absl::Status polled = co_await PollEach(account, std::move(due));
  if (!polled.ok()) co_return polled;
  for (const std::string& id : departed) {
    if (account->known.count(id) > 0) account->unlisted.insert(id);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> WatchHub::PollEach(std::shared_ptr<Account> account, std::set<std::string> due) {
  for (const std::string& id : due) {
    const bool wanted = account->named.count(id) > 0 ||
                        (!account->everything.empty() && account->known.count(id) > 0);
    if (!wanted) continue;  // Its watchers have left meanwhile.
    const absl::Time deadline = clock_.Now() + options_.request_timeout;
    absl::StatusOr<v1::Pcap> pcap = co_await api_.GetPcap(account->id, id, deadline);
    if (ReasonOf(pcap.status()) == v1::ERROR_REASON_CAPTURE_NOT_FOUND) {
      account->last_answer = clock_.Now();
      co_await PublishRemoved(account, id);
      continue;
    }
    if (!pcap.ok()) co_return pcap.status();
    account->last_answer = clock_.Now();
    co_await Publish(account, *std::move(pcap));
  }
  co_return absl::OkStatus();
}

namespace {

using Watchers = std::map<uint64_t, Watcher*>;

// The first watcher of `watchers` numbered above `after`: they come and go between slices.
Watcher* NextWatcher(const Watchers& watchers, uint64_t* after) {
  const auto next = watchers.upper_bound(*after);
  if (next == watchers.end()) return nullptr;
  *after = next->first;
  return next->second;
}

Task<void> Yield() {
  const Loop loop = co_await boost::asio::this_coro::executor;
  co_await boost::asio::post(loop, boost::asio::use_awaitable);
}

}  // namespace

Task<void> WatchHub::Publish(std::shared_ptr<Account> account, v1::Pcap pcap) {
  const std::string& id = pcap.id();
  if (account->everything.empty() && account->named.count(id) == 0) co_return;
  const auto before = account->known.find(id);
  if (before != account->known.end()) {
    const bool goes_back = before->second.done() && !pcap.done();
    if (goes_back || SameState(before->second, pcap)) co_return;
  }
  account->known[id] = pcap;
  // Watchers that join between two slices have seen the new state already.
  int told = 0;
  uint64_t last = 0;
  const uint64_t newest = joined_;
  while (Watcher* watcher = NextWatcher(account->everything, &last)) {
    if (last > newest) break;
    watcher->Observe(pcap);
    if (++told % kSlice == 0) co_await Yield();
  }
  last = 0;
  while (account->named.count(id) > 0) {
    Watcher* watcher = NextWatcher(account->named[id], &last);
    if (watcher == nullptr || last > newest) break;
    watcher->Observe(pcap);
    if (++told % kSlice == 0) co_await Yield();
  }
}

Task<void> WatchHub::PublishRemoved(std::shared_ptr<Account> account, std::string id) {
  const bool was_known = account->known.erase(id) > 0;
  int told = 0;
  uint64_t last = 0;
  while (Watcher* watcher = was_known ? NextWatcher(account->everything, &last) : nullptr) {
    watcher->Remove(id);
    if (++told % kSlice == 0) co_await Yield();
  }
  const auto watched = account->named.find(id);
  if (watched == account->named.end()) co_return;
  // Nobody polls for it any more; a newcomer that names it starts anew.
  for (const auto& [number, watcher] : std::exchange(watched->second, {})) watcher->Remove(id);
  account->named.erase(id);
}

absl::Duration WatchHub::Interval(const Account& account) const {
  if (account.failures > 0) {
    const int doublings = std::min(account.failures, kMaxBackoffDoublings);
    const absl::Duration backoff =
        std::min(options_.min_poll_interval * (1 << doublings), options_.max_poll_interval);
    return std::max(backoff, RetryAfterOf(account.last_error).value_or(absl::ZeroDuration()));
  }
  absl::Time youngest = absl::InfinitePast();
  for (const auto& [id, pcap] : account.known) {
    if (!pcap.done()) youngest = std::max(youngest, FromTimestamp(pcap.submit_time()));
  }
  if (account.known.empty()) return options_.min_poll_interval;
  return std::clamp((clock_.Now() - youngest) / kAgeShare, options_.min_poll_interval,
                    options_.max_poll_interval);
}

}  // namespace pcaps
