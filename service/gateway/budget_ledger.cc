#include "service/gateway/budget_ledger.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "clients/base/flight.h"

namespace pcaps {
namespace {

// Of all accounts together. Beyond it the shared state alone decides.
constexpr size_t kMaxOwnBuckets = 100'000;
// A probe that got no answer, or was not sent, proves nothing: another one may be tried this soon.
// Connections that fail have a circuit of their own.
constexpr absl::Duration kProbeAgain = absl::Seconds(1);
// A closing is told again this often while it is run into: the shared state may have lost it.
constexpr absl::Duration kTellAgain = absl::Seconds(1);
// 429s to requests that were under way together tell of one stop.
constexpr absl::Duration kSamePause = absl::Seconds(1);
constexpr absl::Duration kDefaultPause = absl::Minutes(1);
constexpr size_t kMaxClosings = 10'000;

absl::Duration WithoutRoom() { return absl::Seconds(1); }

// The buckets of the ask that can be closed.
std::vector<std::string> ClosableBy(const UpstreamAsk& ask) {
  std::vector<std::string> keys = {BudgetKey(ask.budget)};
  if (IsCreate(ask)) keys.push_back(CreatesKey(ask.budget, ask.account_id));
  return keys;
}

const Bucket* FindBucket(const TakeRequest& take, const std::string& key) {
  for (const BucketUse& use : take.uses) {
    if (use.bucket.key == key) return &use.bucket;
  }
  return nullptr;
}

// For people: without what all keys begin with.
std::string BucketName(const std::string& key) { return key.substr(key.find(':') + 1); }

bool HasKey(const std::vector<BucketClosing>& closings, const std::string& key) {
  return std::any_of(closings.begin(), closings.end(),
                     [&key](const BucketClosing& closing) { return closing.key == key; });
}

Task<void> Ignoring(Task<absl::Status> call) {
  const absl::Status status = co_await std::move(call);
  status.IgnoreError();
}

}  // namespace

BudgetLedger::BudgetLedger(Loop control, SharedState& state, BudgetLedgerOptions options)
    : control_(std::move(control)),
      state_(state),
      options_(std::move(options)),
      own_(kMaxOwnBuckets) {}

const BudgetRate& BudgetLedger::RateOf(const std::string& budget) const {
  static const BudgetRate kDefault;
  const auto found = options_.budgets.find(budget);
  return found == options_.budgets.end() ? kDefault : found->second;
}

TakeRequest BudgetLedger::OwnTakeOf(const UpstreamAsk& ask) const {
  return OwnTake(ask, RateOf(ask.budget), options_.shares, std::max(options_.max_replicas, 1));
}

TakeRequest BudgetLedger::FleetTakeOf(const UpstreamAsk& ask) const {
  return FleetTake(ask, RateOf(ask.budget), options_.shares);
}

Task<absl::StatusOr<TakeResult>> BudgetLedger::Take(UpstreamAsk ask) {
  const absl::Time now = state_.Now();
  const TakeResult own = TakeOwn(ask, now);
  // A 429 that this replica has seen holds, whatever the shared state remembers of it.
  if (own.closed) {
    TellAgain(ask, now);
    co_return own;
  }
  PayDebt(ask);
  // It goes on when the caller leaves: what it brings then may be a probe, which is given up.
  const auto left = std::make_shared<bool>(false);
  const auto flight =
      Flight<TakeResult>::Start(control_, WhenLeft::kGoesOn, state_.Take(FleetTakeOf(ask)),
                                [self = shared_from_this(), left](const auto& taken) {
                                  if (*left && taken.ok()) self->GiveUpProbe(*taken);
                                });
  const absl::StatusOr<TakeResult> shared = co_await Flight<TakeResult>::Join(flight);
  if (absl::IsCancelled(shared.status())) {
    *left = true;
    PutOffOwnProbe(own);
    co_return shared.status();
  }
  if (shared.ok()) {
    levels_.NoteTake(ask.budget, *shared, FleetTakeOf(ask).uses.front().bucket);
    co_return WithState(ask, own, *shared);
  }
  ++counts_.unshared;
  own_levels_.NoteTake(ask.budget, own, OwnTakeOf(ask).uses.front().bucket);
  co_return WithoutState(ask, own);
}

std::map<std::string, BudgetLedger::Level> BudgetLedger::Levels() const {
  const absl::Time now = state_.Now();
  std::map<std::string, Level> levels;
  for (const auto& [name, rate] : options_.budgets) {
    Level& level = levels[name];
    level.burst = rate.burst;
    level.tokens = levels_.TokensIn(name, rate.burst, now);
    if (!state_.up()) level.tokens = own_levels_.TokensIn(name, level.tokens, now);
    const auto closing = closings_.find(BudgetKey(name));
    if (closing == closings_.end()) continue;
    // It is empty when it opens again.
    const absl::Duration open_for = now - closing->second.until;
    level.tokens =
        std::clamp(absl::ToDoubleSeconds(open_for) * rate.requests_per_second, 0.0, level.tokens);
    level.closed_for = std::max(-open_for, absl::ZeroDuration());
  }
  return levels;
}

TakeResult BudgetLedger::TakeOwn(const UpstreamAsk& ask, absl::Time now) {
  const absl::StatusOr<TakeResult> own = own_.Take(OwnTakeOf(ask), now);
  return own.ok() ? *own : TakeResult{.now = now, .retry_after = WithoutRoom()};
}

// Where it is known here that some of the ask's buckets are closed.
std::optional<TakeResult> BudgetLedger::RefusedByClosings(const UpstreamAsk& ask, absl::Time now) {
  TakeResult refusal{.now = now, .closed = true};
  for (const std::string& key : ClosableBy(ask)) {
    const auto found = closings_.find(key);
    if (found == closings_.end() || found->second.until <= now) continue;
    Closing& closing = found->second;
    closing.until = std::min(closing.until, now + kMaxClosing);  // Where the clock was set back.
    closing.seen_until = std::min(closing.seen_until, closing.until);
    refusal.closings.push_back({key, closing.until});
    refusal.retry_after = std::max(refusal.retry_after, closing.until - now);
  }
  if (refusal.closings.empty()) return std::nullopt;
  return refusal;
}

void BudgetLedger::Owe(const std::string& budget, double tokens) {
  // A bucket that was full all the while has gained no more than that, for all replicas.
  const double most = RateOf(budget).burst / std::max(options_.max_replicas, 1);
  double& debt = debts_[budget];
  debt = std::min(debt + tokens, most);
}

void BudgetLedger::PayDebt(const UpstreamAsk& ask) {
  const double owed = std::exchange(debts_[ask.budget], 0);
  if (owed <= 0) return;
  const TakeRequest take = FleetTakeOf(ask);
  const Bucket* const bucket = FindBucket(take, BudgetKey(ask.budget));
  if (bucket == nullptr) return;
  // Begun before the ask's own take, and so served before it.
  SpawnDetached(control_, Paying(shared_from_this(), ask.budget, {{{*bucket}}, owed}));
}

Task<void> BudgetLedger::Paying(std::shared_ptr<BudgetLedger> self, std::string budget,
                                TakeRequest debt) {
  const double owed = debt.want;
  const absl::StatusOr<TakeResult> paid = co_await self->state_.Take(std::move(debt));
  if (paid.ok()) self->GiveUpProbe(*paid);
  const double rest = owed - (paid.ok() ? paid->granted : 0);
  if (rest > 0) self->Owe(budget, rest);
}

void BudgetLedger::PutOffOwnProbe(const TakeResult& own) {
  if (!own.probe) return;
  for (const BucketClosing& probed : own.closings) {
    own_.Close(probed.key, own.now + kProbeAgain, own.now).IgnoreError();
  }
}

void BudgetLedger::GiveUpProbe(const TakeResult& taken) {
  if (!taken.probe) return;
  for (const BucketClosing& probed : taken.closings) Close(probed.key, kProbeAgain);
}

TakeResult BudgetLedger::WithoutState(const UpstreamAsk& ask, const TakeResult& own) {
  // Others may have closed it: the shared state said so before it was lost.
  const std::optional<TakeResult> refusal = RefusedByClosings(ask, own.now);
  if (!refusal.has_value()) {
    if (own.granted > 0) Owe(ask.budget, own.granted);
    return own;
  }
  for (const auto& [key, until] : refusal->closings) {
    own_.Close(key, until, own.now).IgnoreError();
  }
  return *refusal;
}

TakeResult BudgetLedger::WithState(const UpstreamAsk& ask, const TakeResult& own,
                                   const TakeResult& shared) {
  for (const auto& [key, until] : shared.closings) {
    Closing& closing = ClosingOf(key, shared.now);
    closing.until = std::max(closing.until, until);
  }
  // Opened before its time: it is the shared state that has lost the closing.
  const std::optional<TakeResult> lost =
      shared.closed ? std::nullopt : RefusedByClosings(ask, shared.now);
  if (lost.has_value()) {
    TellAgain(ask, shared.now);
    GiveUpProbe(shared);
  }
  if (shared.granted < 1 || lost.has_value()) PutOffOwnProbe(own);
  if (lost.has_value()) return *lost;
  if (shared.granted < 1) return shared;
  // All of the ask's buckets are open but for those probed: a probe went well, maybe another
  // replica's.
  for (const std::string& open : ClosableBy(ask)) {
    if (HasKey(shared.closings, open)) continue;
    const auto closing = closings_.find(open);
    const bool known = closing != closings_.end();
    // A 429 may have come while the shared state was asked.
    if (known && closing->second.seen_until > std::max(own.now, shared.now)) continue;
    if (known || HasKey(own.closings, open)) ReopenOwn(ask, open, own.now);
  }
  return shared;
}

void BudgetLedger::Note(const UpstreamAsk& ask, const UpstreamLeave& leave,
                        const UpstreamVerdict& verdict) {
  if (verdict.http_status == 429) {
    ++counts_.closed;
    // The buckets that were tried are closed again, whatever else this answer closes.
    std::set<std::string> keys(leave.probed.begin(), leave.probed.end());
    keys.insert(ClosedBy429(ask, verdict));
    const absl::Duration pause = verdict.retry_after.value_or(kDefaultPause);
    for (const std::string& key : keys) {
      const bool is_news = Close(key, pause);
      if (is_news && options_.on_closed != nullptr) options_.on_closed(BucketName(key), pause);
    }
    return;
  }
  for (const std::string& key : leave.probed) {
    if (verdict.http_status == 0) {
      Close(key, kProbeAgain);
    } else {
      const bool is_open = Reopen(ask, key);
      if (is_open && options_.on_reopened != nullptr) options_.on_reopened(BucketName(key));
    }
  }
  Tighten(ask, verdict.windows);
}

// The upstream makes one simple capture an account in a minute, and says 429 to another: nobody
// else's affair, unless it says as well that nothing is left.
std::string BudgetLedger::ClosedBy429(const UpstreamAsk& ask, const UpstreamVerdict& verdict) {
  const bool nothing_left =
      std::any_of(verdict.windows.begin(), verdict.windows.end(),
                  [](const RateLimitWindow& window) { return window.remaining.value_or(1) < 1; });
  if (IsCreate(ask) && !nothing_left) return CreatesKey(ask.budget, ask.account_id);
  return BudgetKey(ask.budget);
}

BudgetLedger::Closing& BudgetLedger::ClosingOf(const std::string& key, absl::Time now) {
  if (closings_.size() >= kMaxClosings) {
    std::erase_if(closings_, [now](const auto& entry) { return entry.second.until <= now; });
  }
  return closings_[key];
}

bool BudgetLedger::Close(const std::string& key, absl::Duration pause) {
  const absl::Time now = state_.Now();
  Closing& closing = ClosingOf(key, now);
  const bool is_news = closing.until <= now || now + pause > closing.until + kSamePause;
  closing.seen_until = std::max(closing.seen_until, now + pause);
  closing.until = std::max(closing.until, closing.seen_until);
  closing.told = now;
  own_.Close(key, now + pause, now).IgnoreError();
  Tell(state_.Close(key, now + pause));
  return is_news;
}

bool BudgetLedger::Reopen(const UpstreamAsk& ask, const std::string& key) {
  const absl::Time now = state_.Now();
  const auto closing = closings_.find(key);
  // A 429 that came after the probe is no affair of the probe's.
  if (closing != closings_.end() && closing->second.until > now) return false;
  ReopenOwn(ask, key, now);
  const TakeRequest take = FleetTakeOf(ask);
  const Bucket* const bucket = FindBucket(take, key);
  if (bucket != nullptr) Tell(state_.Reopen(*bucket));
  return true;
}

void BudgetLedger::ReopenOwn(const UpstreamAsk& ask, const std::string& key, absl::Time now) {
  closings_.erase(key);
  const TakeRequest take = OwnTakeOf(ask);
  const Bucket* const bucket = FindBucket(take, key);
  if (bucket != nullptr) own_.Reopen(*bucket, now).IgnoreError();
}

// Goes by the window with the least left, where that is less than a full bucket could spend.
void BudgetLedger::Tighten(const UpstreamAsk& ask, const std::vector<RateLimitWindow>& windows) {
  double remaining = RateOf(ask.budget).burst;
  absl::Duration reset;
  for (const RateLimitWindow& window : windows) {
    if (!window.remaining.has_value() || !window.reset.has_value()) continue;
    if (*window.remaining >= remaining) continue;
    remaining = *window.remaining;
    reset = *window.reset;
  }
  if (remaining >= RateOf(ask.budget).burst) return;
  const std::string key = BudgetKey(ask.budget);
  const absl::Time now = state_.Now();
  const absl::Time until = now + reset;
  const double own_remaining = remaining / std::max(options_.max_replicas, 1);
  own_.Hold(key, own_remaining, until, now).IgnoreError();
  own_levels_.NoteHold(ask.budget, own_remaining, until, now);
  levels_.NoteHold(ask.budget, remaining, until, now);
  Tell(state_.Hold(key, remaining, until));
}

void BudgetLedger::TellAgain(const UpstreamAsk& ask, absl::Time now) {
  for (const std::string& key : ClosableBy(ask)) {
    const auto found = closings_.find(key);
    if (found == closings_.end() || found->second.until <= now) continue;
    if (now < found->second.told + kTellAgain) continue;
    found->second.told = now;
    Tell(state_.Close(key, found->second.until));
  }
}

void BudgetLedger::Tell(Task<absl::Status> call) {
  SpawnDetached(control_, Ignoring(std::move(call)));
}

}  // namespace pcaps
