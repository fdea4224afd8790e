#include "service/gateway/account_poller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "service/gateway/watcher.h"

namespace pcaps {
namespace {

// A replica that shows captures to newcomers is waited for this long by the others, which look
// whether it is done this often.
constexpr absl::Duration kFirstReadPatience = absl::Seconds(5);
constexpr absl::Duration kFirstReadRetry = absl::Milliseconds(250);
// A turn is lost when it is not asked for during two intervals; failures give it up.
constexpr int kTurnIntervals = 2;
constexpr int kFailuresToGiveUp = 2;

Observation ToObservation(const CaptureKey& key, const Remembered& known) {
  absl::StatusOr<v1::Pcap> pcap = CaptureOf(key, known);
  const bool was_done = known.order.rank > 0;
  Observation seen = pcap.ok() ? Seen(*std::move(pcap)) : Missing(key, known.order.time, was_done);
  seen.not_before = known.order.time;
  return seen;
}

}  // namespace

SharedCapture TakeFresh(WatchedAccount& account, PcapCache& cache, const std::string& pcap_id,
                        absl::Time now) {
  const CaptureKey key = {account.id, pcap_id};
  const Known known = cache.Find(key);
  if (known == nullptr) return nullptr;
  const bool final = !known->bytes.empty() && known->order.rank > 0;
  if (!final && now >= known->fresh_until) return nullptr;
  return account.Take(ToObservation(key, *known));
}

AccountPoller::AccountPoller(WatchedAccount& account, PcapsApi& api, PcapCache& cache,
                             SharedState& state, Clock& clock,
                             const std::function<double()>& uniform, std::string holder,
                             Limits limits, Callbacks callbacks, Counts& counts)
    : account_(account),
      api_(api),
      cache_(cache),
      state_(state),
      clock_(clock),
      uniform_(uniform),
      holder_(std::move(holder)),
      limits_(limits),
      callbacks_(std::move(callbacks)),
      counts_(counts) {}

Task<void> AccountPoller::Run() {
  while (!account_.watchers.empty()) {
    if (std::exchange(account_.missed_news, false)) co_await ReadShared(account_.OpenIds());
    if (UnseenDue()) co_await ReadUnseen();
    if (clock_.Now() >= next_turn_ && !account_.watchers.empty()) co_await TakeTurn();
    EndImpatient();
    co_await Rest();
    if (!account_.watchers.empty()) continue;
    // Others need not wait until the turn is lost. Watchers may come meanwhile.
    if (!ours_.empty()) (void)co_await state_.GivePollTurn(account_.id, holder_);
  }
}

void AccountPoller::NoteTurn(bool mine) {
  if (std::exchange(has_turn_, mine) != mine) callbacks_.on_turn(mine);
}

bool AccountPoller::UnseenDue() const {
  const absl::Time now = clock_.Now();
  return now >= next_first_read_ && now >= account_.retry_at && account_.HasUnseen();
}

Task<void> AccountPoller::Rest() {
  while (!account_.watchers.empty() && !account_.missed_news && !UnseenDue()) {
    absl::Time until = next_turn_;
    if (account_.HasUnseen()) {
      until = std::min(until, std::max(next_first_read_, account_.retry_at));
    }
    if (clock_.Now() >= until) break;
    co_await clock_.WaitUntil(account_.wake, until);
  }
}

std::set<std::string> AccountPoller::Wanted() const {
  std::set<std::string> wanted = account_.OpenIds();
  if (!account_.everything.empty()) wanted.insert(kEveryCapture);
  return wanted;
}

Task<void> AccountPoller::TakeTurn() {
  ours_ = Wanted();
  next_turn_ = clock_.Now() + Tick();
  if (ours_.empty()) co_return;
  const absl::StatusOr<PollTurn> turn =
      co_await state_.TakePollTurn(account_.id, holder_, ours_, kTurnIntervals * Tick());
  turn_asked_at_ = clock_.Now();
  next_turn_ = turn_asked_at_ + Tick();
  const bool mine = !turn.ok() || turn->mine;
  if (!mine) NoteTurn(false);
  const std::set<std::string> wanted = turn.ok() ? turn->ids : ours_;
  if (turn.ok() && mine) TellAgain(wanted);
  const PollPlan plan = PlanFor(wanted);
  const absl::Time due = turn_asked_at_ + plan.due_in;
  if (mine && turn_asked_at_ < account_.retry_at) {
    next_turn_ = std::min(next_turn_, account_.retry_at);
    // Others may fare better.
    if (account_.failures < kFailuresToGiveUp) co_return;
    (void)co_await state_.GivePollTurn(account_.id, holder_);
  } else if (mine && due <= turn_asked_at_) {
    const absl::Status polled = co_await PollAll(plan);
    Conclude(polled);
    if (polled.ok()) NoteTurn(true);
    next_turn_ = clock_.Now() + Tick();
  } else if (!mine && due + Tick() <= turn_asked_at_) {
    co_await ReadShared(account_.OpenIds());
  }
  const absl::Time next_due = clock_.Now() + PlanFor(wanted).due_in;
  if (mine && next_due > clock_.Now()) next_turn_ = std::min(next_turn_, next_due);
}

PollPlan AccountPoller::PlanFor(const std::set<std::string>& wanted) {
  PollPlan plan = MakePollPlan(wanted, account_, cache_, limits_.poll, state_.Now());
  account_.interval = plan.interval;
  return plan;
}

void AccountPoller::TellAgain(const std::set<std::string>& wanted) {
  std::vector<Observation> over;
  for (const std::string& id : wanted) {
    if (id == kEveryCapture || ours_.count(id) > 0) continue;
    const CaptureKey key = {account_.id, id};
    const Known known = cache_.Find(key);
    const bool is_over = known != nullptr && (known->order.rank > 0 || known->bytes.empty());
    if (is_over) over.push_back(ToObservation(key, *known));
  }
  cache_.TellAgain(over);
}

absl::Duration AccountPoller::FreshFor(const std::vector<v1::Pcap>& answer) const {
  const absl::Duration slack = limits_.poll.min_interval / 2;
  return PollIntervalOf(answer, limits_.poll, state_.Now()) + slack;
}

Task<absl::Status> AccountPoller::PollAll(PollPlan plan) {
  if (plan.list || plan.open.size() > 1) co_return co_await PollList(std::move(plan.open));
  co_return co_await PollEach(std::move(plan.open), false);
}

Task<absl::Status> AccountPoller::PollList(std::set<std::string> open) {
  const absl::Time began = state_.Now();
  const absl::Time deadline = clock_.Now() + limits_.request_timeout;
  ++counts_.lists;
  absl::StatusOr<std::vector<v1::Pcap>> list = co_await api_.ListPcaps(account_.id, deadline);
  if (!list.ok()) co_return list.status();
  account_.last_answer = std::max(account_.last_answer, state_.Now());
  std::set<std::string> listed;
  for (const v1::Pcap& pcap : *list) {
    listed.insert(pcap.id());
    open.erase(pcap.id());
    account_.unlisted.erase(pcap.id());
  }
  const std::set<std::string> departed = account_.Departed(*list);
  const absl::Duration fresh_for = FreshFor(*list);
  const Known known = cache_.ObserveList(account_.id, *std::move(list), began, fresh_for);
  if (!account_.everything.empty()) TakeList(known);
  for (const std::string& id : account_.Unseen()) {
    // Fresh or not: nothing newer is to be had.
    const CaptureKey key = {account_.id, id};
    const Known newest = listed.count(id) > 0 ? cache_.Find(key) : nullptr;
    SharedCapture changed;
    if (newest != nullptr) changed = account_.Take(ToObservation(key, *newest));
    if (changed != nullptr) callbacks_.tell(std::move(changed));
  }
  open.insert(departed.begin(), departed.end());
  const absl::Status polled = co_await PollEach(std::move(open), false);
  if (!polled.ok()) co_return polled;
  for (const std::string& id : departed) account_.LeaveUnlisted(id);
  co_return absl::OkStatus();
}

Task<absl::Status> AccountPoller::PollEach(std::set<std::string> ids, bool only_unseen) {
  bool any_polled = false;
  absl::Status trouble;
  for (const std::string& id : ids) {
    if (account_.watchers.empty()) break;
    const SharedCapture capture = account_.Find(id);
    if (capture == nullptr && (only_unseen || ours_.count(id) > 0)) continue;  // Left by all.
    if (only_unseen && capture->seen()) continue;
    co_await KeepTurn();
    const absl::Status polled = co_await PollOne(id);
    if (IsRefusal(polled) || absl::IsPermissionDenied(polled)) co_return polled;
    // One that is ill must not keep the others waiting. The upstream's refusal is an answer, too.
    const bool answered = ReasonOf(polled) == v1::ERROR_REASON_UPSTREAM_REJECTED;
    any_polled = any_polled || polled.ok() || answered;
    if (polled.ok()) continue;
    EndUnseen(id, polled);
    trouble = polled;
  }
  co_return any_polled ? absl::OkStatus() : trouble;
}

void AccountPoller::EndUnseen(const std::string& pcap_id, const absl::Status& trouble) {
  const SharedCapture capture = account_.Find(pcap_id);
  if (capture == nullptr || capture->seen()) return;
  for (const auto& [number, watcher] : capture->named_by) watcher->End(trouble);
}

Task<absl::Status> AccountPoller::PollOne(std::string pcap_id) {
  const CaptureKey key = {account_.id, pcap_id};
  const absl::Time began = state_.Now();
  const absl::Time deadline = clock_.Now() + limits_.request_timeout;
  ++counts_.gets;
  absl::StatusOr<v1::Pcap> pcap = co_await api_.GetPcap(account_.id, pcap_id, deadline);
  Known known;
  if (ReasonOf(pcap.status()) == v1::ERROR_REASON_CAPTURE_NOT_FOUND) {
    cache_.ObserveMissing(key, began);
    known = cache_.Find(key);
  } else if (pcap.ok()) {
    Observation seen = Seen(*std::move(pcap));
    seen.fresh_for = FreshFor({seen.pcap});
    known = cache_.Observe(seen);
  } else {
    co_return pcap.status();
  }
  account_.last_answer = std::max(account_.last_answer, state_.Now());
  // The cache tells only what is news to it.
  SharedCapture changed;
  if (known != nullptr) changed = account_.Take(ToObservation(key, *known));
  if (changed != nullptr) callbacks_.tell(std::move(changed));
  co_return absl::OkStatus();
}

Task<void> AccountPoller::KeepTurn() {
  if (ours_.empty() || clock_.Now() < turn_asked_at_ + Tick()) co_return;
  turn_asked_at_ = clock_.Now();
  (void)co_await state_.TakePollTurn(account_.id, holder_, ours_, kTurnIntervals * Tick());
}

std::string AccountPoller::FirstReadKey() const {
  return absl::StrCat("v1:first_read:", account_.id);
}

Task<void> AccountPoller::ReadUnseen() {
  co_await ReadShared(account_.Unseen());
  if (!account_.HasUnseen()) co_return;
  const absl::StatusOr<CasResult> turn =
      co_await state_.CompareAndSet(FirstReadKey(), std::nullopt, holder_, kFirstReadPatience);
  const bool mine = !turn.ok() || turn->swapped || turn->current == holder_;
  if (!mine) {
    // Whose turn it is may show what we lack.
    next_first_read_ = clock_.Now() + kFirstReadRetry;
    co_return;
  }
  co_await ReadShared(account_.Unseen());  // It may have been shown before our turn began.
  if (account_.HasUnseen()) {
    const absl::Status polled = co_await PollUnseen();
    Conclude(polled);
  }
  if (turn.ok()) {
    (void)co_await state_.CompareAndSet(FirstReadKey(), holder_, std::nullopt, kFirstReadPatience);
  }
}

Task<absl::Status> AccountPoller::PollUnseen() {
  std::set<std::string> unseen = account_.Unseen();
  if (account_.ListUnseen() || unseen.size() > 1) co_return co_await PollList(std::move(unseen));
  co_return co_await PollEach(std::move(unseen), true);
}

Task<void> AccountPoller::ReadShared(std::set<std::string> pcap_ids) {
  std::vector<CaptureKey> keys;
  keys.reserve(pcap_ids.size());
  for (const std::string& id : pcap_ids) keys.push_back({account_.id, id});
  if (!keys.empty()) (void)co_await cache_.Read(std::move(keys));
  if (!account_.everything.empty()) {
    const Known list = co_await cache_.ReadList(account_.id);
    if (list != nullptr && clock_.Now() < list->fresh_until) TakeList(list);
  }
  // What is newer was told by the cache; what it knew need not be newer.
  for (const std::string& id : account_.Unseen()) {
    SharedCapture changed = TakeFresh(account_, cache_, id, clock_.Now());
    if (changed != nullptr) callbacks_.tell(std::move(changed));
  }
}

void AccountPoller::TakeList(const Known& list) {
  if (account_.everything.empty()) return;
  for (const v1::Pcap& pcap : cache_.CapturesOf(account_.id, *list)) {
    SharedCapture changed = account_.Take(Seen(pcap));
    if (changed != nullptr) callbacks_.tell(std::move(changed));
  }
  if (std::exchange(account_.listed, true)) return;
  for (const auto& [number, watcher] : account_.everything) watcher->Wake();
}

void AccountPoller::Conclude(const absl::Status& polled) {
  account_.trouble = polled;
  if (polled.ok()) {
    account_.failures = 0;
    account_.retry_at = absl::InfinitePast();
    return;
  }
  const bool refused = IsRefusal(polled);
  if (!refused) ++account_.failures;
  account_.retry_at = clock_.Now() + PollBackoff(limits_.poll, account_.failures, polled, uniform_);
  if (refused) return;
  const bool for_all = absl::IsPermissionDenied(polled);
  for (const auto& [number, watcher] : account_.watchers) {
    if (for_all || !watcher->SnapshotComplete()) watcher->End(polled);
  }
}

void AccountPoller::EndImpatient() {
  if (!IsRefusal(account_.trouble) || !account_.HasUnseen()) return;
  const absl::Time joined_by = clock_.Now() - limits_.request_timeout;
  std::vector<Watcher*> impatient;
  for (const auto& [number, watcher] : account_.watchers) {
    if (watcher->joined_at() > joined_by) break;
    if (!watcher->SnapshotComplete()) impatient.push_back(watcher);
  }
  if (impatient.empty()) return;
  for (const std::string& id : account_.Unseen()) {
    const CaptureKey key = {account_.id, id};
    const Known known = cache_.Find(key);
    if (known == nullptr || known->bytes.empty() || clock_.Now() >= known->usable_until) continue;
    SharedCapture changed = account_.Take(ToObservation(key, *known));
    if (changed != nullptr) callbacks_.tell(std::move(changed));
  }
  for (Watcher* watcher : impatient) {
    if (!watcher->SnapshotComplete()) watcher->End(account_.trouble);
  }
}

}  // namespace pcaps
