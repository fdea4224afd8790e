#include "service/gateway/download_cache.h"

#include <iterator>

namespace pcaps {
namespace {

// Keys, digests, list and map around the bytes: what a flood of tiny files would cost.
constexpr int64_t kEntryOverheadBytes = 1 << 10;

int64_t CostOf(const CaptureFile& file) {
  return static_cast<int64_t>(file.bytes.size()) + kEntryOverheadBytes;
}

// Whether somebody besides the cache holds the file.
bool IsBusy(const std::pair<CaptureKey, HeldFile>& entry) { return entry.second.use_count() > 1; }

}  // namespace

HeldFile DownloadCache::Find(const CaptureKey& key) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
  return found->second->second;
}

HeldFile DownloadCache::Keep(const CaptureKey& key, CaptureFile file) {
  const MutexLock lock(mutex_);
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) Drop(known->second);
  const int64_t cost = CostOf(file);
  const bool kept = MakeRoom(cost);
  if (kept) file.slot.reset();
  HeldFile held = std::make_shared<const CaptureFile>(std::move(file));
  if (kept) {
    newest_first_.emplace_front(key, held);
    by_key_[key] = newest_first_.begin();
    bytes_ += cost;
  }
  return held;
}

void DownloadCache::Drop(Entries::iterator entry) {
  bytes_ -= CostOf(*entry->second);
  by_key_.erase(entry->first);
  newest_first_.erase(entry);
}

bool DownloadCache::MakeRoom(int64_t bytes) {
  if (bytes_ + bytes <= max_bytes_) return true;
  int64_t busy = 0;
  for (const Entry& entry : newest_first_) busy += IsBusy(entry) ? CostOf(*entry.second) : 0;
  if (busy + bytes > max_bytes_) return false;
  auto entry = newest_first_.end();
  while (bytes_ + bytes > max_bytes_ && entry != newest_first_.begin()) {
    const auto candidate = std::prev(entry);
    if (IsBusy(*candidate)) {
      entry = candidate;
    } else {
      Drop(candidate);
    }
  }
  // A busy file may have been given back meanwhile, but none taken: that takes the lock.
  return bytes_ + bytes <= max_bytes_;
}

}  // namespace pcaps
