// Later: runs functions when their time has come.
#pragma once

#include <functional>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pcaps::load {

// On a thread of its own, one after the other: they must not block. What is left when it ends is
// not run.
class Later {
 public:
  Later();
  ~Later();

  void At(absl::Time when, std::function<void()> run);

 private:
  void RunAll();

  absl::Mutex mutex_;
  std::multimap<absl::Time, std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  absl::CondVar changed_;
  std::thread thread_;
};

}  // namespace pcaps::load
