#include "service/rpc/write_receipts.h"

namespace pcaps {
namespace {

// A write's audit line follows its answer at once, and the upstream allows few of them a second.
constexpr size_t kMaxReceipts = 1000;

}  // namespace

void WriteReceipts::Add(std::string account_id, std::string id, std::string cf_ray) {
  Key key(std::move(account_id), std::move(id));
  const MutexLock lock(mutex_);
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    receipts_.erase(known->second);
    by_key_.erase(known);
  }
  receipts_.push_front({key, std::move(cf_ray)});
  by_key_.emplace(std::move(key), receipts_.begin());
  if (receipts_.size() <= kMaxReceipts) return;
  by_key_.erase(receipts_.back().key);
  receipts_.pop_back();
}

std::string WriteReceipts::Find(const std::string& account_id, const std::string& id) const {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(Key(account_id, id));
  return found == by_key_.end() ? std::string() : found->second->cf_ray;
}

}  // namespace pcaps
