// ConnectionWatch: looks at connections from beside gRPC: notices their end, and closes those that
// flood. On a thread of its own, which sleeps while nothing comes in.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "clients/base/clock.h"
#include "clients/base/mutex.h"
#include "service/rpc/connections/closed_connections.h"
#include "service/rpc/connections/connection_table.h"

namespace pcaps {

struct ConnectionWatchOptions {
  bool flood_guard = true;  // Without it nothing is closed.
  // gRPC's count of the streams of a peer's connection; nothing where there is none. On the
  // watch's thread, only of connections that are suspect.
  std::function<std::optional<StreamCounts>(const std::string& peer)> count_streams;
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

  // Watches a connection of the table until its end, when it leaves the table. False where it
  // cannot, for want of descriptors. Any thread; before gRPC, who may close `socket`, has it.
  bool Add(const std::shared_ptr<Connection>& connection, int socket);

 private:
  using Connections = absl::flat_hash_set<std::shared_ptr<Connection>>;

  void Run();
  // Adds those that had input since it was last called to `due`; forgets those that have ended.
  // Waits for one until `until`.
  void AwaitInput(absl::Time until, Connections& due);
  std::shared_ptr<Connection> Find(const void* connection);
  void Forget(const std::shared_ptr<Connection>& connection);
  // Whether it has to be looked at again even if nothing more comes in: what has come is still
  // being read.
  bool Look(Connection& connection);
  void Close(const Connection& connection, int64_t received);
  // Until the next look; `spent`: what the last one took.
  void Pause(absl::Duration spent);

  ConnectionTable& table_;
  ClosedConnections& closed_;
  Clock& clock_;
  const ConnectionWatchOptions options_;
  const Descriptor epoll_;
  const Descriptor stop_;  // Readable from Stop() on.
  std::thread thread_;
  // Of the watch's thread.
  bool stopping_ = false;
  bool suspicious_ = false;                      // Of a connection that was looked at last.
  absl::Time trim_at_ = absl::InfiniteFuture();  // When memory of floods is given back.
  Mutex mutex_;
  absl::flat_hash_map<const void*, std::shared_ptr<Connection>> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
