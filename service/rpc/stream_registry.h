// StreamRegistry: the streams that are open, so that they can be ended: by draining, or where their
// callers lose access. Thread-safe.
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
  // Whether its caller would still be let in: OK, or why not.
  virtual absl::Status StillAllowed() const = 0;
};

class StreamRegistry {
 public:
  // Returns the ticket to Remove() it by. Once draining, the stream is ended at once.
  uint64_t Add(const std::shared_ptr<EndableStream>& stream);
  void Remove(uint64_t ticket);

  // Ends those whose callers would not be let in any more; how many. To be called after that was
  // decided: who comes meanwhile is to ask StillAllowed() itself, once added.
  int EndThoseNotAllowed();

  // From now on newcomers end with `why`; returns those that are open, to be ended by the caller in
  // its own time.
  std::vector<std::weak_ptr<EndableStream>> BeginDrain(absl::Status why);

 private:
  std::vector<std::weak_ptr<EndableStream>> Open() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::map<uint64_t, std::weak_ptr<EndableStream>> open_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status draining_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
