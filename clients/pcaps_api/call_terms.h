// CallTerms: by when a call of the upstream must be over, and who is told what it costs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/time/time.h"

namespace pcaps {

// The requests sent to the upstream for somebody, on whatever loop. Shared, as what is under way
// for him may outlive his interest in it. Thread-safe.
class UpstreamCost {
 public:
  void CountRequest() { requests_.fetch_add(1, std::memory_order_relaxed); }
  int64_t requests() const { return requests_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> requests_ = 0;
};

struct CallTerms {
  // Not explicit: whoever does not count names a deadline and no more.
  CallTerms(absl::Time deadline,  // NOLINT(google-explicit-constructor)
            std::shared_ptr<UpstreamCost> cost = nullptr)
      : deadline(deadline), cost(std::move(cost)) {}

  // The same, but for the deadline.
  CallTerms By(absl::Time other) const { return {other, cost}; }

  // A request is being sent.
  void CountRequest() const {
    if (cost != nullptr) cost->CountRequest();
  }

  absl::Time deadline;
  std::shared_ptr<UpstreamCost> cost;  // Null: nobody counts.
};

}  // namespace pcaps
