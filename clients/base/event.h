// Event: wakes the coroutines that wait for it. All on one loop's thread; it remembers nothing, so
// wait in a loop:
//   while (!condition) { co_await event.Wait(); const bool cancelled = co_await Cancelled(); if
//   (cancelled) ... }
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

namespace pcaps {

template <typename T>
using Task = boost::asio::awaitable<T>;

class Event {
 public:
  explicit Event(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Returns after the next Notify(), or when the waiting coroutine is cancelled. The event must
  // outlive the wait.
  Task<void> Wait();

  // Wakes everybody who waits now.
  void Notify();

  const boost::asio::any_io_executor& loop() const { return loop_; }

 private:
  friend class SystemClock;
  // Waits until Notify(), cancellation, or `timer` expiring.
  Task<void> WaitOn(boost::asio::steady_timer& timer);

  boost::asio::any_io_executor loop_;
  std::list<boost::asio::steady_timer*> waiting_;
};

}  // namespace pcaps
