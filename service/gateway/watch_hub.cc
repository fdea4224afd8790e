#include "service/gateway/watch_hub.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// Watchers woken in a row before others on the loop get their turn: each makes and writes a
// message then, 64 take a millisecond or two.
constexpr int kSlice = 64;
constexpr absl::Duration kOverloadedRetry = absl::Seconds(5);

absl::Status TooMany(absl::string_view what) {
  return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                                  absl::StrCat("too many ", what)),
                        kOverloadedRetry);
}

Task<void> Yield() {
  const Loop loop = co_await boost::asio::this_coro::executor;
  co_await boost::asio::post(loop, boost::asio::use_awaitable);
}

// Wakes up to a slice of `watchers` numbered above `after`: they come and go between slices. False
// once there are no more.
bool WakeSlice(const Watchers& watchers, uint64_t* after) {
  auto next = watchers.upper_bound(*after);
  for (int woken = 0; woken < kSlice && next != watchers.end(); ++woken, ++next) {
    *after = next->first;
    next->second->Wake();
  }
  return next != watchers.end();
}

}  // namespace

WatchHub::WatchHub(Loop loop, PcapsApi& polls, PcapCache& cache, SharedState& state, Clock& clock,
                   std::function<double()> uniform, WatchOptions options)
    : loop_(std::move(loop)),
      polls_(polls),
      cache_(cache),
      state_(state),
      clock_(clock),
      uniform_(std::move(uniform)),
      options_(std::move(options)) {
  cache_.Listen([this](const Observation& seen) { OnNewer(seen); }, [this] { OnGap(); });
}

absl::StatusOr<std::unique_ptr<Watcher>> WatchHub::Watch(std::string account_id,
                                                         std::set<std::string> ids) {
  if (watchers_ >= options_.max_streams) return TooMany("watch streams on this replica");
  Account& known = accounts_[account_id];
  const bool first = known == nullptr;
  if (first) {
    known = std::make_shared<WatchedAccount>(account_id, loop_);
    known->interval = options_.min_poll_interval;
    known->watched_since = state_.Now();
  }
  const Account account = known;
  if (static_cast<int>(account->watchers.size()) >= options_.max_streams_per_account) {
    return TooMany("watch streams of this account");
  }
  const auto unknown = static_cast<size_t>(std::count_if(
      ids.begin(), ids.end(), [&](const std::string& id) { return account->Find(id) == nullptr; }));
  if (unknown > 0 && account->captures.size() + unknown > options_.max_captures_per_account) {
    return TooMany("captures of this account that are watched");
  }
  ++watchers_;
  auto watcher = std::unique_ptr<Watcher>(new Watcher(*this, account, ++joined_, ids));
  for (const std::string& id : ids) {
    if (account->Find(id)->seen()) continue;
    SharedCapture changed = TakeFresh(*account, cache_, id, clock_.Now());
    if (changed != nullptr) Tell(account, std::move(changed));
  }
  if (first) SpawnDetached(loop_, Follow(account));  // Begins at once, and ends without watchers.
  if (watcher->SnapshotComplete()) return watcher;
  // While the upstream fails, newcomers that need it learn so at once instead of each trying it.
  const bool failing = account->failures > 0 && clock_.Now() < account->retry_at;
  if (failing) return account->trouble;
  account->wake.Notify();
  return watcher;
}

void WatchHub::Left(WatchedAccount& account) {
  --watchers_;
  if (!account.watchers.empty()) return;
  account.failures = 0;  // Whoever comes before the poller has ended tries anew.
  account.retry_at = absl::InfinitePast();
  account.wake.Notify();
}

Task<void> WatchHub::Follow(Account account) {
  const AccountPoller::Limits limits = {{options_.min_poll_interval, options_.max_poll_interval},
                                        options_.request_timeout};
  AccountPoller::Callbacks callbacks;
  callbacks.tell = [this, account](SharedCapture changed) { Tell(account, std::move(changed)); };
  callbacks.on_turn = [this, account](bool mine) {
    if (options_.on_turn != nullptr) options_.on_turn(account->id, mine);
  };
  AccountPoller poller(*account, polls_, cache_, state_, clock_, uniform_, options_.holder, limits,
                       std::move(callbacks), counts_.polls);
  co_await poller.Run();
  accounts_.erase(account->id);
}

void WatchHub::OnNewer(const Observation& seen) {
  const auto found = accounts_.find(seen.pcap.account_id());
  if (found == accounts_.end()) return;
  const Account& account = found->second;
  const bool had_unseen = account->HasUnseen();
  SharedCapture changed = account->Take(seen);
  if (changed == nullptr) return;
  if (had_unseen) account->wake.Notify();
  Tell(account, std::move(changed));
}

void WatchHub::OnGap() {
  for (const auto& [id, account] : accounts_) {
    account->missed_news = true;
    account->wake.Notify();
  }
}

void WatchHub::Tell(Account account, SharedCapture capture) {
  if (std::exchange(capture->to_be_told, true)) return;
  to_tell_.push_back({std::move(account), std::move(capture), clock_.Now()});
  if (!std::exchange(telling_, true)) SpawnDetached(loop_, FanOut());
}

Task<void> WatchHub::FanOut() {
  while (!to_tell_.empty()) {
    const auto [account, capture, since] = std::move(to_tell_.front());
    to_tell_.pop_front();
    capture->to_be_told = false;  // Who was woken before it changes again is woken again.
    for (const Watchers* watchers : {&capture->named_by, &account->everything}) {
      uint64_t last = 0;
      bool more = true;
      while (more) {
        more = WakeSlice(*watchers, &last);
        if (last > 0) co_await Yield();
      }
    }
    if (options_.on_fanned_out != nullptr) options_.on_fanned_out(clock_.Now() - since);
  }
  telling_ = false;
}

absl::Duration WatchHub::OldestAnswer() const {
  absl::Duration oldest;
  for (const auto& [id, account] : accounts_) {
    const absl::Time since = std::max(account->last_answer, account->watched_since);
    oldest = std::max(oldest, state_.Now() - since);
  }
  return oldest;
}

bool WatchHub::IsStale(const WatchedAccount& account) const {
  const absl::Duration at_most = 2 * account.interval + options_.min_poll_interval;
  return state_.Now() - account.last_answer > at_most;
}

}  // namespace pcaps
