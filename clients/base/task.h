// Task<T>: a coroutine on an Asio loop. Results are values: a Task never throws, and cancellation
// ends its waits early.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "clients/base/event.h"

namespace pcaps {

// A loop: one io_context, run by one thread.
using Loop = boost::asio::any_io_executor;

// True once somebody cancelled this coroutine. Waits begun after the cancellation are not ended by
// it, so every loop that waits asks this after each wait. Name the answer before you test it: GCC
// 12 miscompiles `if (co_await ...) co_return` in a loop.
inline Task<bool> Cancelled() {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

namespace internal {
// Passes a cancellation on to a root coroutine. One that comes before the coroutine has begun is
// kept until then: Asio would throw it.
class RootCancellation {
 public:
  boost::asio::cancellation_slot slot() { return signal_.slot(); }

  void Cancel(boost::asio::cancellation_type type) {
    if (begun_) return signal_.emit(type);
    early_ = early_ | type;
  }
  bool Begin() {
    begun_ = true;
    return early_ != boost::asio::cancellation_type::none;
  }
  void CancelEarly() { signal_.emit(early_); }

 private:
  bool begun_ = false;
  boost::asio::cancellation_type early_ = boost::asio::cancellation_type::none;
  boost::asio::cancellation_signal signal_;
};

template <typename T>
Task<T> AsRoot(std::shared_ptr<RootCancellation> cancellation, Task<T> task) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);  // Cancellation is a value, too.
  if (cancellation != nullptr && cancellation->Begin()) {
    // Posted, so that it ends the first wait.
    const Loop loop = co_await boost::asio::this_coro::executor;
    boost::asio::post(loop, [cancellation] { cancellation->CancelEarly(); });
  }
  co_return co_await std::move(task);
}
// Our code throws nothing, so this is memory exhaustion or a defect: a clean crash beats a lost
// call.
inline void RethrowNothing(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}
}  // namespace internal

// Starts `task` on `loop`; `done(T)` runs there with its result. Emitting `terminal` on the slot's
// signal (on the loop's thread, from now on) cancels it. Every root coroutine is started here.
template <typename T, typename Done>
void Spawn(Loop loop, boost::asio::cancellation_slot slot, Task<T> task, Done done) {
  const auto cancellation = std::make_shared<internal::RootCancellation>();
  if (slot.is_connected()) {
    slot.assign([cancellation](auto type) { cancellation->Cancel(type); });
  }
  // Asio uses the slot until this is called.
  auto finish = [cancellation, done = std::move(done)](const std::exception_ptr& error,
                                                       T result) mutable {
    internal::RethrowNothing(error);
    done(std::move(result));
  };
  boost::asio::co_spawn(
      loop, internal::AsRoot(cancellation, std::move(task)),
      boost::asio::bind_cancellation_slot(cancellation->slot(), std::move(finish)));
}

// Starts a task nobody waits for. What it uses must outlive it.
inline void SpawnDetached(Loop loop, Task<void> task) {
  boost::asio::co_spawn(loop, internal::AsRoot(nullptr, std::move(task)),
                        [](const std::exception_ptr& error) { internal::RethrowNothing(error); });
}

// Runs `task` on another loop and returns its result on this one. Cancelling the caller cancels the
// task, whose result is then awaited all the same: what the task refers to may live in the caller.
template <typename T>
Task<T> RunOn(Loop target, Task<T> task) {
  struct Shared {
    explicit Shared(const Loop& home) : done(home) {}
    Event done;
    std::optional<T> result;
    boost::asio::cancellation_signal cancel;
  };
  const Loop home = co_await boost::asio::this_coro::executor;
  const auto shared = std::make_shared<Shared>(home);
  boost::asio::post(target, [target, home, shared, task = std::move(task)]() mutable {
    Spawn(target, shared->cancel.slot(), std::move(task), [home, shared](T result) {
      boost::asio::post(home, [shared, result = std::move(result)]() mutable {
        shared->result = std::move(result);
        shared->done.Notify();
      });
    });
  });
  bool forwarded = false;
  while (!shared->result.has_value()) {
    const bool cancelled = co_await Cancelled();
    if (cancelled && !forwarded) {
      forwarded = true;
      boost::asio::post(
          target, [shared] { shared->cancel.emit(boost::asio::cancellation_type::terminal); });
    }
    if (!shared->result.has_value()) co_await shared->done.Wait();
  }
  co_return *std::move(shared->result);
}

}  // namespace pcaps
