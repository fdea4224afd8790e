#include "clients/base/event.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "clients/base/task.h"

namespace pcaps {
namespace {

Task<void> WaitAndCount(Event* event, int* woken) {
  co_await event->Wait();
  ++*woken;
}

TEST(Event, WakesEverybodyWhoWaitsAndNobodyElse) {
  boost::asio::io_context loop;
  Event event(loop.get_executor());
  int woken = 0;
  event.Notify();  // Remembers nothing.
  SpawnDetached(loop.get_executor(), WaitAndCount(&event, &woken));
  SpawnDetached(loop.get_executor(), WaitAndCount(&event, &woken));
  loop.poll();
  EXPECT_EQ(woken, 0);
  event.Notify();
  SpawnDetached(loop.get_executor(), WaitAndCount(&event, &woken));
  loop.poll();
  EXPECT_EQ(woken, 2);
  event.Notify();
  loop.poll();
  EXPECT_EQ(woken, 3);
}

TEST(Event, NotifyTwiceBeforeTheLoopRunsWakesOnce) {
  boost::asio::io_context loop;
  Event event(loop.get_executor());
  int woken = 0;
  SpawnDetached(loop.get_executor(), WaitAndCount(&event, &woken));
  loop.poll();
  event.Notify();
  event.Notify();
  loop.poll();
  EXPECT_EQ(woken, 1);
}

Task<bool> WaitUntilCancelled(Event* event) {
  co_await event->Wait();
  co_return co_await Cancelled();
}

TEST(Event, CancellationEndsTheWaitWithoutAnException) {
  boost::asio::io_context loop;
  Event event(loop.get_executor());
  boost::asio::cancellation_signal cancel;
  std::optional<bool> cancelled;
  Spawn(loop.get_executor(), cancel.slot(), WaitUntilCancelled(&event),
        [&](bool value) { cancelled = value; });
  loop.poll();
  EXPECT_FALSE(cancelled.has_value());
  cancel.emit(boost::asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_EQ(cancelled, true);
}

}  // namespace
}  // namespace pcaps
