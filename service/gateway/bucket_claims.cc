#include "service/gateway/bucket_claims.h"

#include <algorithm>
#include <utility>

#include "clients/base/error.h"

namespace pcaps {
namespace {

// Longer than a request runs on after its caller has left.
constexpr absl::Duration kUnknownMemory = absl::Minutes(1);
// Buckets are added by hand: more than an hour's worth.
constexpr size_t kMaxMade = 1000;

// Outcomes after which there may be an ownership that no caller was told of. Who leaves has not
// looked to the end, whatever the last look showed.
bool MayHaveMadeOne(const absl::Status& status, bool nothing_appeared) {
  if (absl::IsCancelled(status)) return true;
  return ReasonOf(status) == v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN && !nothing_appeared;
}

}  // namespace

BucketClaims::Create BucketClaims::Begin(std::string bucket, absl::Time now) {
  std::erase_if(open_, [now](const auto& entry) { return entry.second.forgotten <= now; });
  open_[++last_].bucket = std::move(bucket);
  return last_;
}

std::optional<v1::Ownership> BucketClaims::Claim(Create create,
                                                 const std::vector<v1::Ownership>& appeared) {
  Open& ours = open_.at(create);
  ours.nothing_appeared = appeared.empty();
  std::vector<v1::Ownership> unclaimed;
  for (const v1::Ownership& each : appeared) {
    if (std::count(made_.begin(), made_.end(), each.id()) == 0) unclaimed.push_back(each);
  }
  const bool contested = std::any_of(open_.begin(), open_.end(), [&](const auto& entry) {
    return entry.first != create && entry.second.bucket == ours.bucket;
  });
  if (contested || unclaimed.size() != 1) return std::nullopt;
  return unclaimed.front();
}

void BucketClaims::End(Create create, const absl::StatusOr<v1::Ownership>& outcome,
                       absl::Time now) {
  const auto ours = open_.find(create);
  if (outcome.ok()) {
    made_.push_back(outcome->id());
    if (made_.size() > kMaxMade) made_.pop_front();
  } else if (MayHaveMadeOne(outcome.status(), ours->second.nothing_appeared)) {
    ours->second.forgotten = now + kUnknownMemory;
    return;
  }
  open_.erase(ours);
}

}  // namespace pcaps
