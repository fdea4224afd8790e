// DownloadCache: the files downloaded last, so that reading one again costs the upstream nothing: a
// file that is held also proves its capture done.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "clients/base/mutex.h"
#include "service/gateway/capture_file.h"

namespace pcaps {

// Thread-safe: readers of all lanes share it. Keeps no more than max_bytes, and makes room by
// dropping the file that was asked for longest ago. One that is being read is not dropped: that
// would free nothing. So all files in memory are either within max_bytes here, or hold a slot.
class DownloadCache {
 public:
  // 0 keeps nothing.
  explicit DownloadCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // Null where it is not held.
  HeldFile Find(const CaptureKey& key) ABSL_LOCKS_EXCLUDED(mutex_);

  // The file, to be shared. Where it is kept its slot is given back; else it keeps that.
  HeldFile Keep(const CaptureKey& key, CaptureFile file) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Entry = std::pair<CaptureKey, HeldFile>;
  using Entries = std::list<Entry>;

  void Drop(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False where it cannot be had.
  bool MakeRoom(int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t max_bytes_;
  Mutex mutex_;
  Entries newest_first_ ABSL_GUARDED_BY(mutex_);
  std::map<CaptureKey, Entries::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of all entries.
};

}  // namespace pcaps
