// LoopThread: one loop and the thread that runs it.
#pragma once

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "clients/base/task.h"

namespace pcaps {

class LoopThread {
 public:
  // `name`: of the thread, for top and debuggers; 15 characters of it.
  explicit LoopThread(const std::string& name)
      : work_(context_.get_executor()),
        ended_(std::async(std::launch::async, [this, name = name.substr(0, kMaxName)] {
          pthread_setname_np(pthread_self(), name.c_str());
          context_.run();
        })) {}
  ~LoopThread() { Join(absl::InfinitePast()); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Loop executor() { return context_.get_executor(); }

  // Lets what is under way end by itself until then, and stops the loop where it stands.
  void Join(absl::Time until) {
    if (!ended_.valid()) return;
    work_.reset();
    ended_.wait_until(absl::ToChronoTime(until));
    context_.stop();
    ended_.get();
  }

 private:
  static constexpr size_t kMaxName = 15;  // Linux has no longer ones.

  boost::asio::io_context context_{
      1};  // The hint lets Asio leave out locks between threads that do not exist.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::future<void> ended_;
};

}  // namespace pcaps
