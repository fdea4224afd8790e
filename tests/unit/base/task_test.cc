#include "clients/base/task.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <thread>

#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

// A loop with a thread of its own.
class LoopThread {
 public:
  ~LoopThread() {
    work_.reset();
    thread_.join();
  }
  Loop loop() { return context_.get_executor(); }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::thread thread_{[this] { context_.run(); }};
};

Task<std::thread::id> ThisThread() { co_return std::this_thread::get_id(); }

struct Threads {
  std::thread::id there;
  std::thread::id back;
};

Task<Threads> GoThereAndBack(Loop target) {
  Threads threads;
  threads.there = co_await RunOn(target, ThisThread());
  threads.back = std::this_thread::get_id();
  co_return threads;
}

TEST(RunOn, RunsTheTaskThereAndReturnsHere) {
  LoopThread other;
  boost::asio::io_context loop;
  const auto work = boost::asio::make_work_guard(loop);
  for (int i = 0; i < 200; ++i) {
    const Threads threads = RunTask(loop, GoThereAndBack(other.loop()));
    EXPECT_EQ(threads.there, other.id());
    EXPECT_EQ(threads.back, std::this_thread::get_id());
  }
}

Task<std::unique_ptr<std::string>> MoveOnly() { co_return std::make_unique<std::string>("moved"); }
Task<std::unique_ptr<std::string>> FetchMoveOnly(Loop target) {
  co_return co_await RunOn(target, MoveOnly());
}

TEST(RunOn, ResultIsMoved) {
  LoopThread other;
  boost::asio::io_context loop;
  const auto work = boost::asio::make_work_guard(loop);
  EXPECT_EQ(*RunTask(loop, FetchMoveOnly(other.loop())), "moved");
}

Task<bool> WaitForCancellation(std::atomic<bool>* started) {
  Event never(co_await boost::asio::this_coro::executor);
  *started = true;
  while (true) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return true;
    co_await never.Wait();
  }
}

Task<bool> WaitThere(Loop target, std::atomic<bool>* started) {
  co_return co_await RunOn(target, WaitForCancellation(started));
}

// `cancel_early`: before the task can have begun; else while it waits.
void ExpectCancellationArrives(bool cancel_early) {
  LoopThread other;
  boost::asio::io_context loop;
  const auto work = boost::asio::make_work_guard(loop);
  boost::asio::cancellation_signal cancel;
  std::atomic<bool> started{false};
  std::optional<bool> result;
  Spawn(loop.get_executor(), cancel.slot(), WaitThere(other.loop(), &started),
        [&](bool value) { result = value; });
  bool cancelled = false;
  while (!result.has_value()) {
    loop.run_one_for(std::chrono::milliseconds(1));
    if (cancelled || !(cancel_early || started)) continue;
    cancelled = true;
    cancel.emit(boost::asio::cancellation_type::terminal);
  }
  EXPECT_EQ(result, true);
}

TEST(RunOn, CancellationOfTheCallerReachesTheTaskAndItsResultIsAwaited) {
  for (int i = 0; i < 100; ++i) {
    ExpectCancellationArrives(/*cancel_early=*/true);
    ExpectCancellationArrives(/*cancel_early=*/false);
  }
}

Task<bool> WaitOnce() {
  Event never(co_await boost::asio::this_coro::executor);
  co_await never.Wait();
  co_return co_await Cancelled();
}

TEST(Spawn, CancellationBeforeTheTaskBeganEndsItsFirstWait) {
  boost::asio::io_context loop;
  boost::asio::cancellation_signal cancel;
  bool cancelled = false;
  Spawn(loop.get_executor(), cancel.slot(), WaitOnce(), [&](bool value) { cancelled = value; });
  cancel.emit(boost::asio::cancellation_type::terminal);
  loop.run();
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace pcaps
