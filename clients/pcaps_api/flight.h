// A flight: work that goes on when the coroutine that waits for it leaves.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "clients/base/clock.h"
#include "clients/base/task.h"

namespace pcaps {

// Starts `task` on the caller's loop and waits for its result until `deadline`. Nothing when the
// deadline passes or the caller is cancelled first: `task` is then cancelled too, but lives until
// it ends by itself, so it must own what it uses.
template <typename T>
Task<std::optional<T>> AwaitFlight(Task<T> task, Clock& clock, absl::Time deadline) {
  struct Flight {
    explicit Flight(const Loop& loop) : landed(loop) {}
    Event landed;
    std::optional<T> result;
    boost::asio::cancellation_signal cancel;
  };
  const Loop loop = co_await boost::asio::this_coro::executor;
  const auto flight = std::make_shared<Flight>(loop);
  Spawn(loop, flight->cancel.slot(), std::move(task), [flight](T result) {
    flight->result = std::move(result);
    flight->landed.Notify();
  });
  while (!flight->result.has_value()) {
    const bool cancelled = co_await Cancelled();
    if (cancelled || clock.Now() >= deadline) {
      flight->cancel.emit(boost::asio::cancellation_type::terminal);
      co_return std::nullopt;
    }
    co_await clock.WaitUntil(flight->landed, deadline);
  }
  co_return std::move(flight->result);
}

}  // namespace pcaps
