// A clock that stands still until the test moves it. Used on one loop's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <list>
#include <utility>

#include "clients/base/clock.h"

namespace pcaps {

class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time start) : now_(start) {}

  absl::Time Now() const override { return now_; }

  Task<void> WaitUntil(Event& event, absl::Time until) override {
    if (until <= now_) co_return;
    const auto place = sleeping_.insert(sleeping_.end(), {until, &event});
    co_await event.Wait();
    sleeping_.erase(place);
  }

  // Moves time and wakes everybody whose time has come; run the loop to let them go on.
  void Advance(absl::Duration step) {
    now_ += step;
    for (const auto& [until, event] : sleeping_) {
      if (until <= now_) event->Notify();
    }
  }

  // The earliest time somebody waits for; InfiniteFuture when nobody does.
  absl::Time NextWake() const {
    absl::Time next = absl::InfiniteFuture();
    for (const auto& [until, event] : sleeping_) next = std::min(next, until);
    return next;
  }

 private:
  absl::Time now_;
  std::list<std::pair<absl::Time, Event*>> sleeping_;
};

}  // namespace pcaps
