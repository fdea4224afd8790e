// ConnectionTable: the connections there are, each found by gRPC's name for its peer, and how many
// there may be. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/mutex.h"
#include "service/rpc/connections/connection.h"

namespace pcaps {

struct ConnectionLimits {
  int max_connections = 10000;
  int max_connections_per_peer = 1000;  // Of one PeerAddress::host.
};

class ConnectionTable {
 public:
  enum class Entry { kAdmitted, kOverLimit, kOverPeerLimit, kShutOut };

  explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}

  // A connection that is admitted is in the table until Remove(). Over its peer's limit is also one
  // that could not be told from another of its peer's, to another address of ours: calls name their
  // peer, and not whom it has called.
  Entry Add(const std::shared_ptr<Connection>& connection, absl::Time now);
  void Remove(const std::shared_ptr<Connection>& connection);
  // Admits nothing from this PeerAddress::host until then. Connections it has stay.
  void ShutOut(const std::string& host, absl::Time now, absl::Time until);
  bool IsShutOut(const std::string& host, absl::Time now) const;

  // A connection of the host has ended, but gRPC goes on with it; and has done with it. A host that
  // brings connections to such an end faster than gRPC gets rid of them is over its limit.
  void AddUnreleased(const std::string& host);
  void RemoveUnreleased(const std::string& host);

  // A call on the connection of `peer` has reached its handler: `bytes` of what came were its
  // message and metadata. Within each call, so it has to be quick: some 50 ns.
  DispatchedCall Dispatch(absl::string_view peer, int64_t bytes);

  std::vector<std::shared_ptr<Connection>> OfHost(const std::string& host);
  std::shared_ptr<Connection> OfPeer(absl::string_view peer);  // Null: none.
  int64_t size() const;
  const ConnectionLimits& limits() const { return limits_; }

 private:
  // Calls of different connections seldom meet at one lock.
  static constexpr size_t kShards = 16;
  struct Shard {
    Mutex mutex;
    absl::flat_hash_map<std::string, std::shared_ptr<Connection>> connections
        ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(absl::string_view peer);
  int max_unreleased() const;
  bool Name(const std::shared_ptr<Connection>& connection);
  void Discount(const std::string& host);

  const ConnectionLimits limits_;
  std::array<Shard, kShards> shards_;
  mutable Mutex mutex_;
  int64_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, int> hosts_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, int> unreleased_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, absl::Time> shut_out_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
