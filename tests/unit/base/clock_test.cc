#include "clients/base/clock.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "clients/base/task.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

Task<absl::Duration> TimeOf(Clock* clock, Event* event, absl::Time until) {
  const absl::Time start = clock->Now();
  co_await clock->WaitUntil(*event, until);
  co_return clock->Now() - start;
}

TEST(SystemClock, WaitEndsAtItsTime) {
  boost::asio::io_context loop;
  Event event(loop.get_executor());
  SystemClock clock;
  EXPECT_GE(RunTask(loop, TimeOf(&clock, &event, clock.Now() + absl::Milliseconds(20))),
            absl::Milliseconds(19));
}

TEST(SystemClock, WaitForAPastTimeEndsAtOnce) {
  boost::asio::io_context loop;
  Event event(loop.get_executor());
  SystemClock clock;
  EXPECT_LT(RunTask(loop, TimeOf(&clock, &event, absl::InfinitePast())), absl::Seconds(10));
}

TEST(SystemClock, EventEndsAWaitWithoutEnd) {
  boost::asio::io_context loop;
  Event event(loop.get_executor());
  SystemClock clock;
  boost::asio::post(loop, [&] { boost::asio::post(loop, [&] { event.Notify(); }); });
  std::optional<absl::Duration> waited;
  Spawn(loop.get_executor(), {}, TimeOf(&clock, &event, absl::InfiniteFuture()),
        [&](absl::Duration duration) { waited = duration; });
  loop.poll();
  event.Notify();
  loop.poll();
  EXPECT_TRUE(waited.has_value());
}

Task<bool> SleepUntilCancelled(Clock* clock) {
  co_await clock->Sleep(absl::Hours(1));
  co_return co_await Cancelled();
}

TEST(SystemClock, CancellationEndsASleep) {
  boost::asio::io_context loop;
  SystemClock clock;
  boost::asio::cancellation_signal cancel;
  std::optional<bool> cancelled;
  Spawn(loop.get_executor(), cancel.slot(), SleepUntilCancelled(&clock),
        [&](bool value) { cancelled = value; });
  loop.poll();
  cancel.emit(boost::asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_EQ(cancelled, true);
}

}  // namespace
}  // namespace pcaps
