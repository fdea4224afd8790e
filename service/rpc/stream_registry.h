// StreamRegistry: the streams that are open, so that draining can end them. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "clients/base/mutex.h"

namespace pcaps {

// A stream that can be told to end. Any thread; ending it twice is nothing.
class EndableStream {
 public:
  virtual ~EndableStream() = default;
  virtual void EndWith(absl::Status why) = 0;
};

class StreamRegistry {
 public:
  // Returns the ticket to Remove() it by. Once draining, the stream is ended at once.
  uint64_t Add(const std::shared_ptr<EndableStream>& stream);
  void Remove(uint64_t ticket);

  // From now on newcomers end with `why`; returns those that are open, to be ended by the caller in
  // its own time.
  std::vector<std::weak_ptr<EndableStream>> BeginDrain(absl::Status why);

 private:
  Mutex mutex_;
  std::map<uint64_t, std::weak_ptr<EndableStream>> open_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status draining_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
