// Flight<T>: work shared by several callers. It runs on its own: a caller that leaves does not stop
// it for the others. All on one loop's thread.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"

namespace pcaps {

// What becomes of a flight that nobody waits for any more.
enum class WhenLeft { kGoesOn, kStops };

template <typename T>
class Flight {
 public:
  // Starts `task`, which must bound itself in time and own what it uses; where it `kStops` it is
  // cancelled when its last waiter leaves. `landed` runs once, on the loop, before the waiters go
  // on.
  template <typename Landed>
  static std::shared_ptr<Flight> Start(const Loop& loop, WhenLeft when_left,
                                       Task<absl::StatusOr<T>> task, Landed landed) {
    auto flight = std::make_shared<Flight>(loop, when_left);
    auto done = [flight, landed = std::move(landed)](absl::StatusOr<T> result) mutable {
      flight->result_ = std::move(result);
      landed(*flight->result_);
      flight->landed_.Notify();
    };
    // Posted, so that the caller can note the flight before it can land.
    boost::asio::post(loop,
                      [loop, flight, task = std::move(task), done = std::move(done)]() mutable {
                        Spawn(loop, flight->cancel_.slot(), std::move(task), std::move(done));
                        if (flight->is_over()) flight->Cancel();  // Left before it began.
                      });
    return flight;
  }

  Flight(const Loop& loop, WhenLeft when_left) : when_left_(when_left), landed_(loop) {}

  // The result, as soon as it is there. CANCELLED when the caller is cancelled first.
  static Task<absl::StatusOr<T>> Join(std::shared_ptr<Flight> flight) {
    ++flight->waiters_;
    while (!flight->result_.has_value()) {
      const bool cancelled = co_await Cancelled();
      if (cancelled) {
        flight->Leave();
        co_return absl::CancelledError("the caller left");
      }
      co_await flight->landed_.Wait();
    }
    --flight->waiters_;
    co_return *flight->result_;
  }

  // The same, or nothing once `deadline` has passed; the flight goes on then, if others wait for it
  // or it goes on anyway.
  static Task<std::optional<absl::StatusOr<T>>> JoinUntil(std::shared_ptr<Flight> flight,
                                                          Clock& clock, absl::Time deadline) {
    ++flight->waiters_;
    while (!flight->result_.has_value()) {
      const bool cancelled = co_await Cancelled();
      const bool late = clock.Now() >= deadline;
      if (cancelled || late) flight->Leave();
      if (cancelled) co_return absl::CancelledError("the caller left");
      if (late) co_return std::nullopt;
      co_await clock.WaitUntil(flight->landed_, deadline);
    }
    --flight->waiters_;
    co_return *flight->result_;
  }

  // Landed, or about to be stopped: no longer one to join.
  bool is_over() const { return result_.has_value() || stopped_; }

 private:
  void Leave() {
    if (--waiters_ > 0 || when_left_ == WhenLeft::kGoesOn) return;
    stopped_ = true;
    Cancel();
  }
  void Cancel() { cancel_.emit(boost::asio::cancellation_type::terminal); }

  const WhenLeft when_left_;
  int waiters_ = 0;
  bool stopped_ = false;
  boost::asio::cancellation_signal cancel_;
  Event landed_;
  std::optional<absl::StatusOr<T>> result_;
};

}  // namespace pcaps
