// Activity: which accounts and callers have been busy lately. They are too many to be labels of
// metrics, so people are shown the busiest. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/mutex.h"

namespace pcaps {

struct ActivityCounts {
  int64_t calls = 0;              // All of them, the next two included.
  int64_t refused = 0;            // Ended RESOURCE_EXHAUSTED.
  int64_t failed = 0;             // Ended with another error.
  int64_t upstream_requests = 0;  // Of accounts only.

  ActivityCounts& operator+=(const ActivityCounts& other);
  bool operator==(const ActivityCounts&) const = default;
};

struct NamedActivity {
  std::string name;
  ActivityCounts counts;
};

// What the names of one kind have done in the last five minutes, in slices of half a minute, so
// that a slice is forgotten as a whole.
class RecentActivity {
 public:
  static constexpr int64_t kSliceSeconds = 30;
  static constexpr absl::Duration kSlice = absl::Seconds(kSliceSeconds);
  static constexpr size_t kSlices = 10;
  // Of a slice: whoever may ask for any account can make up names. 10 full slices are 15 MB.
  static constexpr size_t kMaxNames = 10'000;
  static constexpr size_t kMaxNameBytes = 128;  // A longer name is nobody's.
  // Stands for all that a slice had no room for.
  static constexpr char kOthers[] = "(others)";

  void Add(absl::string_view name, const ActivityCounts& counts, absl::Time now);

  // The `n` with the most calls and the `n` with the most upstream requests; the most upstream
  // requests first, of equals the most calls. Then kOthers, if there are any.
  std::vector<NamedActivity> Top(size_t n, absl::Time now) const;

 private:
  using Names = absl::flat_hash_map<std::string, ActivityCounts>;
  struct Slice {
    int64_t number = -1;  // Since 1970.
    Names names;
    ActivityCounts others;
  };

  // Of all slices, and of the `i`th: nothing where it is older than the window that ends now.
  Slice Sum(absl::Time now) const;
  Slice Copy(size_t i, absl::Time now) const;

  mutable Mutex mutex_;
  std::array<Slice, kSlices> slices_ ABSL_GUARDED_BY(mutex_);
};

class Activity {
 public:
  // At the end of each call, on gRPC's threads. An empty name is not known, and not counted.
  void CountCall(absl::string_view account_id, absl::string_view caller, absl::StatusCode end,
                 absl::Time now);
  void CountUpstreamRequest(absl::string_view account_id, absl::Time now);

  std::vector<NamedActivity> TopAccounts(size_t n, absl::Time now) const {
    return accounts_.Top(n, now);
  }
  std::vector<NamedActivity> TopCallers(size_t n, absl::Time now) const {
    return callers_.Top(n, now);
  }

 private:
  RecentActivity accounts_;
  RecentActivity callers_;
};

}  // namespace pcaps
