// SingleFlight: what several callers ask for at the same time is done once.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "clients/base/flight.h"
#include "clients/base/task.h"

namespace pcaps {

// On one loop. A flight ends early when its last waiter leaves; its outcome is told to all who
// wait, and not remembered.
template <typename Key, typename T>
class SingleFlight {
 public:
  explicit SingleFlight(Loop loop) : loop_(std::move(loop)) {}

  // The flight of `key`, to be joined; where there is none, a new one of the task that `make()`
  // returns, which must bound itself in time.
  template <typename Make>
  std::shared_ptr<Flight<T>> FindOrStart(const Key& key, Make make) {
    std::shared_ptr<Flight<T>>& flight = flights_[key];
    if (flight == nullptr || flight->is_over()) {
      flight = Flight<T>::Start(loop_, WhenLeft::kStops, make(),
                                [this, key](const absl::StatusOr<T>&) { Forget(key); });
    } else {
      ++joined_;
    }
    return flight;
  }

  // Callers who found a flight to join. Any thread.
  int64_t joined() const { return joined_; }

 private:
  // A flight that was stopped may have been followed by another, which goes on.
  void Forget(const Key& key) {
    const auto found = flights_.find(key);
    if (found != flights_.end() && found->second->is_over()) flights_.erase(found);
  }

  const Loop loop_;
  std::map<Key, std::shared_ptr<Flight<T>>> flights_;
  std::atomic<int64_t> joined_ = 0;
};

}  // namespace pcaps
