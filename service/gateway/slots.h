// Slots: places for a bounded number of things at once. Thread-safe; a slot may outlive it.
#pragma once

#include <atomic>
#include <memory>

namespace pcaps {

// A place taken; given back when its last copy goes.
using Slot = std::shared_ptr<const void>;

class Slots {
 public:
  explicit Slots(int max) : max_(max) {}

  // Null when all places are taken.
  Slot Take() {
    if (taken_->fetch_add(1) >= max_) {
      taken_->fetch_sub(1);
      return nullptr;
    }
    return Slot(taken_.get(), [taken = taken_](const void*) { taken->fetch_sub(1); });
  }

  int max() const { return max_; }

 private:
  const int max_;
  const std::shared_ptr<std::atomic<int>> taken_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace pcaps
