// Clock: time and sleep, injected, so that tests step them by hand.
#pragma once

#include "absl/time/time.h"
#include "clients/base/event.h"

namespace pcaps {

class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time Now() const = 0;

  // Waits for `event` until `until` at most; cancellation ends it early. On the event's loop.
  virtual Task<void> WaitUntil(Event& event, absl::Time until) = 0;

  // Waits on the calling coroutine's loop; cancellation ends it early.
  Task<void> SleepUntil(absl::Time until);
  Task<void> Sleep(absl::Duration duration) { return SleepUntil(Now() + duration); }
};

// The wall clock's time when it was first asked, and what has passed since: whoever sets the clock
// moves no deadline.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override;
  Task<void> WaitUntil(Event& event, absl::Time until) override;
};

}  // namespace pcaps
