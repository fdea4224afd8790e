// Places: how many calls there may be at once. Thread-safe; nothing is allocated, for the sake of
// calls that take microseconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace pcaps {

class Places {
 public:
  // A place taken; given back with its owner, before the Places go.
  class Place {
   public:
    Place() = default;
    explicit Place(Places& places) : places_(&places) {}
    Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(places_, other.places_);
      return *this;
    }
    ~Place() {
      if (places_ != nullptr) places_->taken_.fetch_sub(1, std::memory_order_relaxed);
    }

    explicit operator bool() const { return places_ != nullptr; }

   private:
    Places* places_ = nullptr;
  };

  explicit Places(int max) : max_(max) {}

  // Empty where all are taken: the refusal is counted.
  Place Take() {
    if (taken_.fetch_add(1, std::memory_order_relaxed) < max_) return Place(*this);
    taken_.fetch_sub(1, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return Place();
  }

  int max() const { return max_; }
  int taken() const { return taken_.load(std::memory_order_relaxed); }
  int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  const int max_;
  std::atomic<int> taken_ = 0;
  std::atomic<int64_t> refused_ = 0;
};

}  // namespace pcaps
