// ExpiringMap: values that are forgotten after a time, bounded in number. On one thread.
#pragma once

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/time/time.h"

namespace pcaps {

template <typename Value>
class ExpiringMap {
 public:
  explicit ExpiringMap(size_t max_entries) : max_entries_(max_entries) {}

  // nullptr where there is none, or none any more. Valid until it is erased or
  // forgotten.
  Value* Find(const std::string& key, absl::Time now) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.expires <= now) return nullptr;
    return &found->second.value;
  }

  // Puts or replaces. False where it is full of others, none of which is forgotten yet.
  bool Put(const std::string& key, Value value, absl::Time expires, absl::Time now) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      found->second = {std::move(value), expires};
      return true;
    }
    MakeRoom(now);
    if (entries_.size() >= max_entries_) return false;
    entries_.emplace(key, Entry{std::move(value), expires});
    return true;
  }

  // The value, or a new one; nullptr where that finds no room.
  Value* FindOrAdd(const std::string& key, absl::Time expires, absl::Time now) {
    Value* const found = Find(key, now);
    if (found != nullptr) return found;
    return Put(key, Value(), expires, now) ? Find(key, now) : nullptr;
  }
  void Extend(const std::string& key, absl::Time expires) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) found->second.expires = expires;
  }

  // Drops any one.
  void EvictOne() {
    if (!entries_.empty()) entries_.erase(entries_.begin());
  }
  void Erase(const std::string& key) { entries_.erase(key); }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Value value;
    absl::Time expires;
  };
  static constexpr size_t kSweptAtLeast = 64;
  static constexpr absl::Duration kFullSweepInterval = absl::Seconds(1);

  // Looks at all whenever there are twice as many as were left last time, which costs each Put()
  // the same in the mean; and when full now and then.
  void MakeRoom(absl::Time now) {
    const bool full = entries_.size() >= max_entries_ && now >= swept_ + kFullSweepInterval;
    if (entries_.size() < sweep_at_ && !full) return;
    std::erase_if(entries_, [now](const auto& entry) { return entry.second.expires <= now; });
    sweep_at_ = std::max(2 * entries_.size(), kSweptAtLeast);
    swept_ = now;
  }

  const size_t max_entries_;
  std::unordered_map<std::string, Entry> entries_;
  size_t sweep_at_ = kSweptAtLeast;
  absl::Time swept_ = absl::InfinitePast();
};

}  // namespace pcaps
