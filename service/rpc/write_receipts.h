// WriteReceipts: what the upstream called its answers to the last writes, for the audit.
// Thread-safe.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "clients/base/mutex.h"

namespace pcaps {

class WriteReceipts {
 public:
  // The write to this capture or ownership was answered under this ray.
  void Add(std::string account_id, std::string id, std::string cf_ray);
  // Of the last write to it; empty where that is not known any more.
  std::string Find(const std::string& account_id, const std::string& id) const;

 private:
  using Key = std::pair<std::string, std::string>;
  struct Receipt {
    Key key;
    std::string cf_ray;
  };

  mutable Mutex mutex_;
  std::list<Receipt> receipts_ ABSL_GUARDED_BY(mutex_);  // The newest comes first.
  std::map<Key, std::list<Receipt>::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
