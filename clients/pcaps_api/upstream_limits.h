// UpstreamLimits: what all loops that call the upstream share.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "clients/base/mutex.h"
#include "clients/pcaps_api/circuit_breaker.h"
#include "clients/pcaps_api/retry.h"

namespace pcaps {

// The number of requests in flight, the retry budget, and a circuit per credential. Thread-safe.
class UpstreamLimits : public std::enable_shared_from_this<UpstreamLimits> {
 public:
  // A place among the requests in flight; given back when it goes.
  class Slot {
   public:
    explicit Slot(std::shared_ptr<UpstreamLimits> limits) : limits_(std::move(limits)) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { limits_->in_flight_.fetch_sub(1); }

   private:
    const std::shared_ptr<UpstreamLimits> limits_;
  };

  UpstreamLimits(int max_in_flight, double retry_budget_ratio)
      : max_in_flight_(max_in_flight), retry_budget_(retry_budget_ratio) {}

  // Null when all places are taken.
  std::unique_ptr<Slot> TakeSlot();
  bool HasSlot() const { return in_flight() < max_in_flight_; }
  int in_flight() const { return in_flight_.load(); }

  RetryBudget& retry_budget() { return retry_budget_; }
  CircuitBreaker& circuit(const std::string& credential);

 private:
  const int max_in_flight_;
  std::atomic<int> in_flight_{0};
  RetryBudget retry_budget_;
  Mutex mutex_;
  std::map<std::string, CircuitBreaker> circuits_
      ABSL_GUARDED_BY(mutex_);  // Only ever grows, by what is configured.
};

}  // namespace pcaps
