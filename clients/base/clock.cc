#include "clients/base/clock.h"

#include <time.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "absl/time/clock.h"

namespace pcaps {
namespace {

// Counts the time that the machine was suspended, too.
absl::Duration SinceBoot() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace

Task<void> Clock::SleepUntil(absl::Time until) {
  Event nobody(co_await boost::asio::this_coro::executor);
  co_await WaitUntil(nobody, until);
}

absl::Time SystemClock::Now() const {
  static const absl::Time kBoot = absl::Now() - SinceBoot();
  return kBoot + SinceBoot();
}

Task<void> SystemClock::WaitUntil(Event& event, absl::Time until) {
  // A day at most: steady_timer overflows on InfiniteFuture, and every caller waits in a loop.
  const absl::Duration wait = std::clamp(until - Now(), absl::ZeroDuration(), absl::Hours(24));
  boost::asio::steady_timer timer(event.loop_, absl::ToChronoNanoseconds(wait));
  co_await event.WaitOn(timer);
}

}  // namespace pcaps
