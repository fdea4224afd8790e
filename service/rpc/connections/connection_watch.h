// ConnectionWatch: sees from beside gRPC which connections have input, for FloodGuard, and which
// have ended. On a thread of its own, which has little to do while nothing comes in.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "clients/base/clock.h"
#include "clients/base/mutex.h"
#include "service/rpc/connections/closed_connections.h"
#include "service/rpc/connections/connection_table.h"
#include "service/rpc/connections/flood_guard.h"

namespace pcaps {

struct ConnectionWatchOptions {
  bool flood_guard = true;  // Without it only ends are seen.
  FloodGuardOptions floods;
};

class ConnectionWatch {
 public:
  // All outlive it.
  ConnectionWatch(ConnectionTable& table, ClosedConnections& closed, Clock& clock,
                  ConnectionWatchOptions options);
  ~ConnectionWatch() { Stop(); }

  void Start();
  // Any thread but the watch's; twice is nothing.
  void Stop();

  // Watches a connection of the table until its end, when it leaves the table. False where the
  // system does not let it. Any thread.
  bool Add(const std::shared_ptr<Connection>& connection);

 private:
  struct Ended {
    std::shared_ptr<Connection> connection;
    absl::Time at;
    bool counts = false;  // As unreleased.
  };
  using Connections = absl::flat_hash_set<std::shared_ptr<Connection>>;

  void Run();
  // Adds those that had input since it was last called to `due`. Waits for one, or for an end,
  // until `until`.
  void AwaitInput(absl::Time until, Connections& due);
  std::shared_ptr<Connection> Find(const void* connection);
  void End(const std::shared_ptr<Connection>& connection);
  void ForgetReleased();
  void NoticeLateness();
  void ExcuseAll();
  // Until the next look; `spent`: what the last one took.
  void Pause(absl::Duration spent);

  ConnectionTable& table_;
  ClosedConnections& closed_;
  Clock& clock_;
  const bool sees_input_;
  const Descriptor epoll_;
  const Descriptor stop_;  // Readable from Stop() on.
  std::thread thread_;
  // Of the watch's thread.
  bool stopping_ = false;
  std::vector<Ended> ended_;  // gRPC may be busy with them still.
  absl::Time last_round_ = absl::InfiniteFuture();
  absl::Duration last_own_;  // What this thread had worked by then.
  FloodGuard guard_;
  Mutex mutex_;
  absl::flat_hash_map<const void*, std::shared_ptr<Connection>> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
