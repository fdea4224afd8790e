// LoopReading<T>: what another loop knows, read by asking it; what it last said, where it is slow.
#pragma once

#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/event.h"
#include "clients/base/task.h"

namespace pcaps {

// Used on one loop, which must not end before the other one.
template <typename T>
class LoopReading {
 public:
  // `read` runs on `source`. What it uses, and the clock, outlive that loop.
  LoopReading(Loop source, std::function<T()> read, Clock& clock)
      : source_(std::move(source)), read_(std::move(read)), clock_(clock) {}

  // A T made from nothing until the other loop has answered for the first time.
  Task<T> Read(absl::Duration patience) {
    const Loop here = co_await boost::asio::this_coro::executor;
    const auto answer = std::make_shared<Answer>(here);
    boost::asio::post(source_, [here, answer, read = read_] {
      boost::asio::post(here, [answer, value = std::make_shared<const T>(read())] {
        answer->value = value;
        answer->there.Notify();
      });
    });
    const absl::Time until = clock_.Now() + patience;
    while (answer->value == nullptr && clock_.Now() < until) {
      co_await clock_.WaitUntil(answer->there, until);
    }
    if (answer->value != nullptr) last_ = answer->value;
    co_return *last_;
  }

 private:
  struct Answer {
    explicit Answer(const Loop& home) : there(home) {}
    Event there;
    std::shared_ptr<const T> value;
  };

  const Loop source_;
  const std::function<T()> read_;
  Clock& clock_;
  std::shared_ptr<const T> last_ = std::make_shared<const T>();
};

}  // namespace pcaps
