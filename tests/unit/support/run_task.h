// Runs a task to its end on a loop of the test's own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "clients/base/task.h"

namespace pcaps {

// Fails by returning an empty optional's value (a crash) if the loop runs out of work before the
// task ends.
template <typename T>
T RunTask(boost::asio::io_context& loop, Task<T> task) {
  std::optional<T> result;
  Spawn(loop.get_executor(), {}, std::move(task), [&](T value) { result = std::move(value); });
  loop.restart();
  while (!result.has_value() && loop.run_one() > 0) {
  }
  return std::move(result).value();
}

}  // namespace pcaps
