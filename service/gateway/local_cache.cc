#include "service/gateway/local_cache.h"

#include <utility>

namespace pcaps {

Known LocalCache::Find(absl::string_view key, absl::Time now) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  if (entry->value->kept_until <= now) {
    by_key_.erase(found);
    newest_first_.erase(entry);
    return nullptr;
  }
  newest_first_.splice(newest_first_.begin(), newest_first_, entry);
  return entry->value;
}

bool LocalCache::PutIfNewer(std::string key, Known value, absl::Time now) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    const Entries::iterator entry = found->second;
    if (entry->value->kept_until > now && entry->value->order >= value->order) return false;
    entry->value = std::move(value);
    newest_first_.splice(newest_first_.begin(), newest_first_, entry);
    return true;
  }
  if (max_entries_ == 0) return true;
  newest_first_.push_front({std::move(key), std::move(value)});
  by_key_.emplace(newest_first_.front().key, newest_first_.begin());
  if (newest_first_.size() > max_entries_) {
    by_key_.erase(newest_first_.back().key);
    newest_first_.pop_back();
  }
  return true;
}

size_t LocalCache::size() const {
  const MutexLock lock(mutex_);
  return newest_first_.size();
}

}  // namespace pcaps
