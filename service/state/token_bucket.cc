#include "service/state/token_bucket.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace pcaps {
namespace {

constexpr double kMicrosPerSecond = 1e6;
// What arithmetic may lose of a token.
constexpr double kAlmostNothing = 1e-6;

int64_t Micros(absl::Time time) { return absl::ToUnixMicros(time); }

int64_t RoundMicros(double micros) { return static_cast<int64_t>(std::floor(micros + 0.5)); }

// Microseconds that `tokens` take to come.
double TimeFor(double tokens, const Bucket& bucket) {
  return tokens * kMicrosPerSecond / bucket.tokens_per_second;
}

int64_t ClosedAtMost(absl::Time until, absl::Time now) {
  return Micros(std::min(until, now + kMaxClosing));
}

}  // namespace

void TokenBucket::Settle(absl::Time now) {
  closed_until_ = std::min(closed_until_, Micros(now + kMaxClosing));
  probe_until_ = std::min(probe_until_, Micros(now + kProbePatience));
  held_until_ = std::min(held_until_, Micros(now + kMaxClosing));
}

TokenBucket::Offer TokenBucket::Look(const Bucket& bucket, double reserve, absl::Time time) {
  const int64_t now = Micros(time);
  Settle(time);
  if (full_at_ == 0) {
    const double missing = std::clamp(bucket.burst - bucket.initial, 0.0, bucket.burst);
    full_at_ = now + RoundMicros(TimeFor(missing, bucket));
  }
  // Not emptier than empty: where its settings changed, or the clock was set back.
  full_at_ = std::min(full_at_, now + RoundMicros(TimeFor(bucket.burst, bucket)));
  const double missing = static_cast<double>(std::max<int64_t>(full_at_ - now, 0)) *
                         bucket.tokens_per_second / kMicrosPerSecond;
  double tokens = bucket.burst - missing;
  double ready =
      static_cast<double>(full_at_) - std::floor(TimeFor(bucket.burst - 1 - reserve, bucket));
  if (now < held_until_ && held_tokens_ < tokens) tokens = held_tokens_;
  if (now < held_until_ && held_tokens_ + kAlmostNothing < 1 + reserve) {
    ready = std::max(ready, static_cast<double>(held_until_));
  }
  Offer offer;
  offer.tokens = tokens - reserve;
  if (offer.tokens < 1 && offer.tokens + kAlmostNothing >= 1) offer.tokens = 1;
  if (closed_until_ != 0) {
    const int64_t closed = std::max(closed_until_, probe_until_);
    offer.closed = now < closed;
    offer.probe = !offer.closed;
    offer.closed_until = absl::FromUnixMicros(closed_until_);
    ready = std::max(ready, static_cast<double>(closed));
  }
  offer.ready = absl::FromUnixMicros(static_cast<int64_t>(ready));
  return offer;
}

double TokenBucket::Left(const Bucket& bucket, absl::Time time) {
  const Offer offer = Look(bucket, /*reserve=*/0, time);
  return offer.closed ? 0 : offer.tokens;
}

void TokenBucket::Charge(const Bucket& bucket, double tokens, absl::Time time) {
  const int64_t now = Micros(time);
  full_at_ = std::max(full_at_, now) + RoundMicros(TimeFor(tokens, bucket));
  if (now < held_until_) held_tokens_ = std::max(held_tokens_ - tokens, 0.0);
}

void TokenBucket::BeginProbe(absl::Time now) { probe_until_ = Micros(now + kProbePatience); }

bool TokenBucket::NoteAsker(const std::string& asker, absl::Time time) {
  const int64_t now = Micros(time);
  if (last_asker_.name != asker) other_asker_ = std::move(last_asker_);
  last_asker_ = {asker, now};
  return now - other_asker_.at <= absl::ToInt64Microseconds(kContestedFor);
}

void TokenBucket::Close(absl::Time until, absl::Time now) {
  Settle(now);
  const int64_t end = ClosedAtMost(until, now);
  if (end <= closed_until_) return;
  closed_until_ = end;
  probe_until_ = 0;
}

void TokenBucket::Reopen(const Bucket& bucket, absl::Time now) {
  Settle(now);
  if (closed_until_ > Micros(now)) return;  // It came after the probe.
  closed_until_ = 0;
  probe_until_ = 0;
  full_at_ = Micros(now) + RoundMicros(TimeFor(bucket.burst, bucket));
}

void TokenBucket::Hold(double tokens, absl::Time until, absl::Time now) {
  Settle(now);
  const int64_t end = ClosedAtMost(until, now);
  tokens = std::max(tokens, 0.0);
  if (Micros(now) < held_until_ &&
      std::abs(end - held_until_) <= absl::ToInt64Microseconds(kSameWindow)) {
    held_tokens_ = std::min(held_tokens_, tokens);
    return;
  }
  held_tokens_ = tokens;
  held_until_ = end;
}

absl::Time TokenBucket::forgettable(bool starts_full, absl::Time now) const {
  const int64_t busy = std::max({Micros(now), full_at_, closed_until_, probe_until_, held_until_});
  const bool soon = starts_full && closed_until_ == 0;
  return absl::FromUnixMicros(busy) + (soon ? kFullBucketMemory : kBucketMemory);
}

TakeResult TakeFrom(const TakeRequest& request, absl::Time now,
                    const std::function<TokenBucket&(const std::string& key)>& find) {
  struct Binding {
    TokenBucket* state;
    const Bucket* bucket;
    bool probe;
  };
  TakeResult result;
  result.now = now;
  std::vector<Binding> binding;
  bool contested = false;
  if (!request.asker.empty() && !request.uses.empty()) {
    contested = find(request.uses.front().bucket.key).NoteAsker(request.asker, now);
  }
  double granted = std::max(request.want, 1.0);
  absl::Time ready = now;
  for (const BucketUse& use : request.uses) {
    if (use.only_contested && !contested) continue;
    TokenBucket& state = find(use.bucket.key);
    const TokenBucket::Offer offer = state.Look(use.bucket, use.reserve, now);
    granted = std::min(granted, offer.probe ? std::min(offer.tokens, 1.0) : offer.tokens);
    ready = std::max(ready, offer.ready);
    result.closed = result.closed || offer.closed;
    result.probe = result.probe || offer.probe;
    if (offer.closed || offer.probe) {
      result.closings.push_back({use.bucket.key, offer.closed_until});
    }
    binding.push_back({&state, &use.bucket, offer.probe});
  }
  const auto left = [&] {
    return binding.empty() ? 0 : binding.front().state->Left(*binding.front().bucket, now);
  };
  if (result.closed || granted < 1) {
    result.probe = false;
    result.retry_after = ready - now;
    result.left = left();
    return result;
  }
  for (const Binding& each : binding) {
    each.state->Charge(*each.bucket, granted, now);
    if (each.probe) each.state->BeginProbe(now);
  }
  result.granted = granted;
  result.left = left();
  return result;
}

}  // namespace pcaps
