// RunToEnd: work that goes on when the coroutine that waits for it leaves.
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
Task<std::optional<T>> RunToEnd(Task<T> task, Clock& clock, absl::Time deadline) {
  struct Shared {
    explicit Shared(const Loop& loop) : done(loop) {}
    Event done;
    std::optional<T> result;
    boost::asio::cancellation_signal cancel;
  };
  const Loop loop = co_await boost::asio::this_coro::executor;
  const auto shared = std::make_shared<Shared>(loop);
  Spawn(loop, shared->cancel.slot(), std::move(task), [shared](T result) {
    shared->result = std::move(result);
    shared->done.Notify();
  });
  while (!shared->result.has_value()) {
    const bool cancelled = co_await Cancelled();
    if (cancelled || clock.Now() >= deadline) {
      shared->cancel.emit(boost::asio::cancellation_type::terminal);
      co_return std::nullopt;
    }
    co_await clock.WaitUntil(shared->done, deadline);
  }
  co_return std::move(shared->result);
}

}  // namespace pcaps
