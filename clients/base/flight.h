// Flight<T>: work shared by several callers. It runs on its own: a caller that leaves does not stop
// it. All on one loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "clients/base/task.h"

namespace pcaps {

template <typename T>
class Flight {
 public:
  // Starts `task`, which must bound itself in time and own what it uses. `landed` runs once, on the
  // loop, before the waiters go on.
  template <typename Landed>
  static std::shared_ptr<Flight> Start(const Loop& loop, Task<absl::StatusOr<T>> task,
                                       Landed landed) {
    auto flight = std::make_shared<Flight>(loop);
    auto done = [flight, landed = std::move(landed)](absl::StatusOr<T> result) mutable {
      landed(result);
      flight->result_ = std::move(result);
      flight->landed_.Notify();
    };
    // Posted, so that the caller can note the flight before it can land.
    boost::asio::post(loop, [loop, task = std::move(task), done = std::move(done)]() mutable {
      Spawn(loop, {}, std::move(task), std::move(done));
    });
    return flight;
  }

  explicit Flight(const Loop& loop) : landed_(loop) {}

  // The result, as soon as it is there. CANCELLED when the caller is cancelled first.
  static Task<absl::StatusOr<T>> Join(std::shared_ptr<Flight> flight) {
    while (!flight->result_.has_value()) {
      const bool cancelled = co_await Cancelled();
      if (cancelled) co_return absl::CancelledError("the caller left");
      co_await flight->landed_.Wait();
    }
    co_return *flight->result_;
  }

 private:
  Event landed_;
  std::optional<absl::StatusOr<T>> result_;
};

}  // namespace pcaps
