// LocalCache: the newest values this process knows, bounded in number.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/mutex.h"
#include "service/state/shared_state.h"

namespace pcaps {

// A value as it is remembered. Times are of this process's clock.
struct Remembered {
  Order order;
  std::string bytes;        // Serialised. Empty: it is known that there is none.
  absl::Time seen;          // When the call that saw it began.
  absl::Time fresh_until;   // Until then it is as good as a new one,
  absl::Time usable_until;  // until then better than none.
  absl::Time kept_until;    // Until then nothing older takes its place.
};
using Known = std::shared_ptr<const Remembered>;

// A write has happened since, so that it is fresh for nobody.
inline bool IsOutdated(const Remembered& known) {
  return known.fresh_until == absl::InfinitePast();
}

// Thread-safe. Above max_entries it forgets what was asked for longest ago. An entry costs its
// bytes, its key and about 250 bytes.
class LocalCache {
 public:
  // 0 keeps nothing.
  explicit LocalCache(size_t max_entries) : max_entries_(max_entries) {}

  // Null where it is not known, or no longer.
  Known Find(absl::string_view key, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  // False where what is known is as new or newer.
  bool PutIfNewer(std::string key, Known value, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::string key;
    Known value;
  };
  using Entries = std::list<Entry>;

  const size_t max_entries_;
  mutable Mutex mutex_;
  Entries newest_first_ ABSL_GUARDED_BY(mutex_);
  // By the keys in the list, whose places do not change.
  absl::flat_hash_map<absl::string_view, Entries::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
