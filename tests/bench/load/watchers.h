// Watchers: callers that watch captures through a fleet and go to another replica when a stream
// breaks.
#pragma once

#include <pcaps/v1/pcaps.grpc.pb.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tests/bench/load/later.h"
#include "tests/bench/load/targets.h"

namespace pcaps::load {

struct WatchersOptions {
  std::vector<std::string> targets;
  int channels = 16;  // To each: a gateway takes 1,000 streams a connection.
  Access access;
  int watchers = 1;                    // Watcher i begins at target i,
  std::vector<NamedCapture> captures;  // and watches capture i, both counted round.
  absl::Duration heartbeat = absl::Seconds(15);
  absl::Duration max_backoff = absl::Seconds(1);  // Before a watcher tries another target.
};

struct Seen {
  v1::Pcap::Status status;
  bool done;
  absl::Time at;
};

struct Break {
  size_t target;  // Index of the target that was lost.
  absl::Time at;
  std::string outcome;                                // See OutcomeOf().
  absl::Time reattached_at = absl::InfiniteFuture();  // First message of a later stream.
};

// All that one watcher lived through.
struct WatcherRecord {
  NamedCapture capture;
  std::vector<Seen> seen;
  std::vector<Break> breaks;
  bool attached = false;  // The stream it has now gave a first message.
  bool finished = false;  // Its stream ended OK.

  bool SawDone() const { return !seen.empty() && seen.back().done; }
};

// They begin when they are made, and end with this.
class Watchers {
 public:
  explicit Watchers(WatchersOptions options);
  ~Watchers();

  // Until every watcher has its first message from the stream it has now; false where that takes
  // longer than `patience`. A watcher that has finished is attached.
  bool WaitAttached(absl::Duration patience) const;
  // Until every stream ended OK.
  bool WaitFinished(absl::Duration patience) const;
  std::vector<WatcherRecord> Records() const;

 private:
  class Stream;

  void Start(size_t watcher, size_t target);
  void OnEvent(size_t watcher, const v1::WatchEvent& event);
  void OnEnd(const Stream& stream, const grpc::Status& status);

  const WatchersOptions options_;
  Targets targets_;
  mutable absl::Mutex mutex_;
  std::vector<WatcherRecord> records_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);  // By watcher.
  std::vector<int> failures_ ABSL_GUARDED_BY(mutex_);  // In a row, of each watcher.
  int attached_ ABSL_GUARDED_BY(mutex_) = 0;
  int finished_ ABSL_GUARDED_BY(mutex_) = 0;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;  // Streams.
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_);
  Later later_;  // Last: what it runs uses the others.
};

// Since `changed_at`, how long each watcher took to see `status`; those that never did are left
// out.
std::vector<absl::Duration> DeliveryDelays(const std::vector<WatcherRecord>& records,
                                           v1::Pcap::Status status, absl::Time changed_at);

}  // namespace pcaps::load
