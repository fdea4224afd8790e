#include "service/gateway/budget_buckets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

// So many creates at once that this bucket refuses none of them while it is open.
constexpr double kCreates = 1000;

// A bucket that holds no token could never grant one.
Bucket BucketOf(std::string key, double tokens_per_second, double burst, double initial) {
  burst = std::max(burst, 1.0);
  return {std::move(key), tokens_per_second, burst, std::clamp(initial, 1.0, burst)};
}

// Leaves at least one token to be had.
double Reserve(const BudgetShares& shares, double burst) {
  return std::max(std::min({shares.write_reserve, burst / 6, burst - 1}), 0.0);
}

// Of the bucket with these numbers, and what belongs to it. The account's share comes last.
TakeRequest TakeOf(const UpstreamAsk& ask, const BudgetRate& rate, double initial,
                   const BudgetShares& shares) {
  const std::string key = BudgetKey(ask.budget);
  const Bucket whole = BucketOf(key, rate.requests_per_second, rate.burst, initial);
  TakeRequest take;
  take.uses.push_back({.bucket = whole});
  if (ask.purpose == Purpose::kWrite) {
    if (!IsCreate(ask)) return take;
    take.uses.push_back(
        {.bucket = BucketOf(CreatesKey(ask.budget, ask.account_id), kCreates, kCreates, kCreates)});
    return take;
  }
  const double reserve = Reserve(shares, whole.burst);
  take.uses.front().reserve = reserve;
  if (ask.purpose == Purpose::kPoll) {
    take.uses.push_back(
        {.bucket = BucketOf(absl::StrCat(key, ":polls"), whole.tokens_per_second * shares.polls,
                            whole.burst * shares.polls, initial * shares.polls)});
  }
  take.asker = ask.account_id;
  // It starts full: as long as nobody else asked, nothing was to be shared.
  const double most = (whole.burst - reserve) * shares.account;
  take.uses.push_back({.bucket = BucketOf(absl::StrCat(key, ":share:", ask.account_id),
                                          whole.tokens_per_second * shares.account, most, most),
                       .only_contested = true});
  return take;
}

}  // namespace

std::string BudgetKey(const std::string& budget) { return absl::StrCat("budget:", budget); }

std::string CreatesKey(const std::string& budget, const std::string& account_id) {
  return absl::StrCat(BudgetKey(budget), ":creates:", account_id);
}

TakeRequest FleetTake(const UpstreamAsk& ask, const BudgetRate& rate, const BudgetShares& shares) {
  return TakeOf(ask, rate, shares.initial, shares);
}

TakeRequest OwnTake(const UpstreamAsk& ask, const BudgetRate& rate, const BudgetShares& shares,
                    int replicas) {
  const double held = std::min(std::max(shares.initial, rate.burst / 6), rate.burst) / replicas;
  return TakeOf(ask, {rate.requests_per_second / replicas, held}, held, shares);
}

}  // namespace pcaps
