#include "service/gateway/rate_limiter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr absl::Duration kMinRetryAfter = absl::Milliseconds(1);

std::string_view KeyOf(absl::string_view id) { return {id.data(), id.size()}; }

absl::Status WithQuota(const absl::Status& status, const std::string& subject,
                       const RateDecision& refusal) {
  google::rpc::QuotaFailure quota;
  google::rpc::QuotaFailure::Violation* const violation = quota.add_violations();
  violation->set_subject(subject);
  violation->set_description(absl::StrCat("at most ", refusal.limit, " calls at once"));
  return WithQuotaFailure(WithRetryAfter(status, refusal.retry_after), quota);
}

}  // namespace

RateLimiter::RateLimiter(Loop control, SharedState& state, Clock& clock, RateLimiterOptions options)
    : control_(std::move(control)), state_(state), clock_(clock), options_(std::move(options)) {}

const RateLimiterOptions::Rate& RateLimiter::RateOf(absl::string_view account_id) const {
  const auto found = options_.accounts.find(KeyOf(account_id));
  return found == options_.accounts.end() ? options_.rate : found->second;
}

Bucket RateLimiter::OwnBucket(const Rate& rate) const {
  const double burst = std::max(rate.burst / options_.max_replicas, 1.0);
  return {"", rate.requests_per_second / options_.max_replicas, burst, burst};
}

RateDecision RateLimiter::TryAdmit(absl::string_view account_id, const Rate& rate) {
  if (rate.requests_per_second <= 0) return {};
  const absl::Time now = clock_.Now();
  const MutexLock lock(mutex_);
  return Decide(Find(account_id, now), rate, now);
}

RateDecision RateLimiter::Decide(Account& account, const Rate& rate, absl::Time now) {
  if (account.tokens < 1 && account.refused_until <= now && !state_.up()) {
    ++counts_.leases_unshared;
    TakeOwn(account, rate, 1, now);
  }
  const double burst = std::max(rate.burst, 1.0);
  RateDecision decision{.limit = burst};
  if (account.tokens >= 1) {
    account.tokens -= 1;
    ++counts_.admitted;
    const double own = account.own.Look(OwnBucket(rate), 0, now).tokens * options_.max_replicas;
    decision.remaining = std::clamp(own + account.tokens, 0.0, burst);
  } else if (account.refused_until > now) {
    decision.verdict = RateDecision::Verdict::kRefused;
    ++counts_.refused;
    decision.retry_after = account.refused_until - now;
  } else {
    decision.verdict = RateDecision::Verdict::kAsk;
  }
  decision.reset = absl::Seconds((burst - decision.remaining) / rate.requests_per_second);
  return decision;
}

Task<RateDecision> RateLimiter::Admit(std::string account_id) {
  const Rate rate = RateOf(account_id);
  return Admit(std::move(account_id), rate);
}

Task<RateDecision> RateLimiter::Admit(std::string account_id, Rate rate) {
  for (;;) {
    RateDecision decision = TryAdmit(account_id, rate);
    if (decision.verdict != RateDecision::Verdict::kAsk) co_return decision;
    const auto line = lines_.try_emplace(account_id).first;  // Stays while `asking` counts us.
    ++line->second.asking;
    if (line->second.lease == nullptr) line->second.lease = StartLease(account_id, rate);
    const std::shared_ptr<Lease> lease = line->second.lease;
    const absl::StatusOr<TakeResult> landed = co_await Lease::Join(lease);
    if (--line->second.asking == 0 && line->second.lease == nullptr) lines_.erase(line);
    const bool cancelled = co_await Cancelled();
    if (!cancelled) continue;
    decision.verdict = RateDecision::Verdict::kRefused;
    co_return decision;
  }
}

std::shared_ptr<RateLimiter::Lease> RateLimiter::StartLease(const std::string& account_id,
                                                            const Rate& rate) {
  const double burst = std::max(rate.burst, 1.0);
  const double share = rate.requests_per_second * absl::ToDoubleSeconds(options_.lease);
  // Whoever waits already has a use for a token.
  const double waiting = lines_[account_id].asking;
  const double want = std::clamp(std::max(share, waiting), 1.0, burst);
  TakeRequest take;
  take.uses.push_back({.bucket = {.key = absl::StrCat("rate:", account_id),
                                  .tokens_per_second = rate.requests_per_second,
                                  .burst = burst,
                                  .initial = burst}});
  take.want = want;
  return Lease::Start(control_, WhenLeft::kGoesOn, state_.Take(std::move(take)),
                      [this, account_id, rate, want](const absl::StatusOr<TakeResult>& taken) {
                        Landed(account_id, rate, want, taken);
                        const auto line = lines_.find(account_id);
                        line->second.lease = nullptr;
                        if (line->second.asking == 0) lines_.erase(line);
                      });
}

void RateLimiter::Landed(const std::string& account_id, const Rate& rate, double want,
                         const absl::StatusOr<TakeResult>& taken) {
  const absl::Time now = clock_.Now();
  const MutexLock lock(mutex_);
  Account& account = Find(account_id, now);
  ++counts_.leases;
  if (!taken.ok()) {
    ++counts_.leases_unshared;
    TakeOwn(account, rate, want, now);
    return;
  }
  const Bucket own = OwnBucket(rate);
  const double left = std::max(account.own.Look(own, 0, now).tokens, 0.0);
  if (taken->granted >= 1) {
    account.tokens += taken->granted;
    account.own.Charge(own, std::min(taken->granted, left), now);
  } else {
    account.refused_until = now + std::max(taken->retry_after, kMinRetryAfter);
    account.own.Charge(own, left, now);  // Others have spent what this one saved.
  }
}

void RateLimiter::TakeOwn(Account& account, const Rate& rate, double want, absl::Time now) {
  const Bucket own = OwnBucket(rate);
  const TokenBucket::Offer offer = account.own.Look(own, 0, now);
  if (offer.tokens < 1) {
    account.refused_until = std::max(offer.ready, now + kMinRetryAfter);
    return;
  }
  const double granted = std::min(want, offer.tokens);
  account.own.Charge(own, granted, now);
  account.tokens += granted;
}

RateLimiter::Account& RateLimiter::Find(absl::string_view account_id, absl::Time now) {
  const auto found = by_id_.find(KeyOf(account_id));
  if (found != by_id_.end()) {
    accounts_.splice(accounts_.begin(), accounts_, found->second);
  } else {
    MakeRoom(now);
    accounts_.emplace_front(Account{.id = std::string(account_id)});
    by_id_.emplace(accounts_.front().id, accounts_.begin());
  }
  accounts_.front().used = now;
  return accounts_.front();
}

void RateLimiter::MakeRoom(absl::Time now) {
  const auto drop_last = [this] {
    by_id_.erase(accounts_.back().id);
    accounts_.pop_back();
  };
  // Two for one that comes: they do not pile up.
  for (int i = 0; i < 2; ++i) {
    if (accounts_.empty() || accounts_.back().used + options_.idle_after > now) break;
    drop_last();
  }
  while (!accounts_.empty() && accounts_.size() >= options_.max_accounts) {
    drop_last();
    ++counts_.forgotten;
  }
}

RateLimiter::Counts RateLimiter::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

size_t RateLimiter::accounts() const {
  const MutexLock lock(mutex_);
  return accounts_.size();
}

absl::Status RateLimited(absl::string_view account_id, const RateDecision& refusal) {
  const absl::Status status =
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_ACCOUNT_RATE_LIMITED,
                "the account's calls come faster than its rate; call again later");
  return WithQuota(status, absl::StrCat("account:", account_id), refusal);
}

absl::Status CallerRateLimited(absl::string_view caller, const RateDecision& refusal) {
  const absl::Status status =
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_CALLER_RATE_LIMITED,
                "the caller's calls come faster than its rate; call again later");
  return WithQuota(status, absl::StrCat("caller:", caller), refusal);
}

}  // namespace pcaps
