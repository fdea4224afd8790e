#include "tests/bench/load/later.h"

#include <utility>

#include "absl/time/clock.h"

namespace pcaps::load {

Later::Later() : thread_([this] { RunAll(); }) {}

Later::~Later() {
  {
    const absl::MutexLock lock(&mutex_);
    ends_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void Later::At(absl::Time when, std::function<void()> run) {
  const absl::MutexLock lock(&mutex_);
  waiting_.emplace(when, std::move(run));
  changed_.Signal();
}

void Later::RunAll() {
  mutex_.Lock();
  while (!ends_) {
    if (waiting_.empty()) {
      changed_.Wait(&mutex_);
    } else if (waiting_.begin()->first > absl::Now()) {
      changed_.WaitWithDeadline(&mutex_, waiting_.begin()->first);
    } else {
      const std::function<void()> run = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      mutex_.Unlock();
      run();
      mutex_.Lock();
    }
  }
  mutex_.Unlock();
}

}  // namespace pcaps::load
