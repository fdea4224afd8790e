#include "service/telemetry/activity.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace pcaps {
namespace {

int64_t SliceNumber(absl::Time time) {
  return absl::ToUnixSeconds(time) / RecentActivity::kSliceSeconds;
}

// Names make the order of equals a certain one.
bool HasMoreCalls(const NamedActivity& a, const NamedActivity& b) {
  return std::tie(b.counts.calls, a.name) < std::tie(a.counts.calls, b.name);
}

bool HasMoreUpstreamRequests(const NamedActivity& a, const NamedActivity& b) {
  return std::tie(b.counts.upstream_requests, b.counts.calls, a.name) <
         std::tie(a.counts.upstream_requests, a.counts.calls, b.name);
}

}  // namespace

ActivityCounts& ActivityCounts::operator+=(const ActivityCounts& other) {
  calls += other.calls;
  refused += other.refused;
  failed += other.failed;
  upstream_requests += other.upstream_requests;
  return *this;
}

void RecentActivity::Add(absl::string_view name, const ActivityCounts& counts, absl::Time now) {
  const int64_t number = SliceNumber(now);
  Names forgotten;  // Freed after the lock.
  const MutexLock lock(mutex_);
  Slice& slice = slices_[static_cast<size_t>(number) % kSlices];
  if (slice.number < number) {
    forgotten.swap(slice.names);
    slice.others = {};
    slice.number = number;
  }
  const auto found = slice.names.find(name);
  if (found != slice.names.end()) {
    found->second += counts;
  } else if (slice.names.size() >= kMaxNames || name.size() > kMaxNameBytes) {
    slice.others += counts;
  } else {
    slice.names.emplace(name, counts);
  }
}

RecentActivity::Slice RecentActivity::Copy(size_t i, absl::Time now) const {
  const int64_t last = SliceNumber(now);
  const MutexLock lock(mutex_);
  return slices_[i].number > last - static_cast<int64_t>(kSlices) ? slices_[i] : Slice();
}

RecentActivity::Slice RecentActivity::Sum(absl::Time now) const {
  Slice sum;
  for (size_t i = 0; i < kSlices; ++i) {  // One by one, so that no call waits for all.
    const Slice slice = Copy(i, now);
    for (const auto& [name, counts] : slice.names) sum.names[name] += counts;
    sum.others += slice.others;
  }
  return sum;
}

std::vector<NamedActivity> RecentActivity::Top(size_t n, absl::Time now) const {
  const Slice sum = Sum(now);
  std::vector<NamedActivity> all;
  all.reserve(sum.names.size());
  for (const auto& [name, counts] : sum.names) all.push_back({name, counts});

  std::map<std::string, ActivityCounts> top;
  for (const auto& before : {HasMoreCalls, HasMoreUpstreamRequests}) {
    const auto nth = all.begin() + static_cast<std::ptrdiff_t>(std::min(n, all.size()));
    std::partial_sort(all.begin(), nth, all.end(), before);
    for (auto each = all.begin(); each != nth; ++each) top[each->name] = each->counts;
  }
  std::vector<NamedActivity> sorted;
  sorted.reserve(top.size() + 1);
  for (const auto& [name, counts] : top) sorted.push_back({name, counts});
  std::sort(sorted.begin(), sorted.end(), HasMoreUpstreamRequests);
  if (sum.others != ActivityCounts()) sorted.push_back({kOthers, sum.others});
  return sorted;
}

void Activity::CountCall(absl::string_view account_id, absl::string_view caller,
                         absl::StatusCode end, absl::Time now) {
  ActivityCounts counts;
  counts.calls = 1;
  if (end == absl::StatusCode::kResourceExhausted) {
    counts.refused = 1;
  } else if (end != absl::StatusCode::kOk) {
    counts.failed = 1;
  }
  if (!account_id.empty()) accounts_.Add(account_id, counts, now);
  if (!caller.empty()) callers_.Add(caller, counts, now);
}

void Activity::CountUpstreamRequest(absl::string_view account_id, absl::Time now) {
  if (!account_id.empty()) accounts_.Add(account_id, {.upstream_requests = 1}, now);
}

}  // namespace pcaps
