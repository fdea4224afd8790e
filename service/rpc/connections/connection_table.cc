#include "service/rpc/connections/connection_table.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace pcaps {
namespace {

// Of as many connections as a host may have, those that gRPC may be busy with after their end.
constexpr int kUnreleasedShare = 10;
constexpr int kMinUnreleased = 10;

void Subtract(absl::flat_hash_map<std::string, int>& counts, const std::string& host) {
  const auto found = counts.find(host);
  if (--found->second == 0) counts.erase(found);
}

}  // namespace

ConnectionTable::Shard& ConnectionTable::ShardOf(absl::string_view peer) {
  return shards_[absl::Hash<absl::string_view>()(peer) % kShards];
}

int ConnectionTable::max_unreleased() const {
  return std::max(kMinUnreleased, limits_.max_connections_per_peer / kUnreleasedShare);
}

ConnectionTable::Entry ConnectionTable::Add(const std::shared_ptr<Connection>& connection,
                                            absl::Time now) {
  {
    const MutexLock lock(mutex_);
    const auto shut_out = shut_out_.find(connection->peer.host);
    if (shut_out != shut_out_.end() && now < shut_out->second) return Entry::kShutOut;
    if (size_ >= limits_.max_connections) return Entry::kOverLimit;
    const auto unreleased = unreleased_.find(connection->peer.host);
    if (unreleased != unreleased_.end() && unreleased->second >= max_unreleased()) {
      return Entry::kOverPeerLimit;
    }
    int& of_host = hosts_[connection->peer.host];
    if (of_host >= limits_.max_connections_per_peer) return Entry::kOverPeerLimit;
    ++of_host;
    ++size_;
  }
  if (Name(connection)) return Entry::kAdmitted;
  Discount(connection->peer.host);
  return Entry::kOverPeerLimit;
}

bool ConnectionTable::Name(const std::shared_ptr<Connection>& connection) {
  Shard& shard = ShardOf(connection->peer.name);
  const MutexLock lock(shard.mutex);
  std::shared_ptr<Connection>& named = shard.connections[connection->peer.name];
  if (named != nullptr && named->peer.to != connection->peer.to) return false;
  // A peer may use its port again before we have seen the end of what it had there.
  named = connection;
  return true;
}

void ConnectionTable::AddUnreleased(const std::string& host) {
  const MutexLock lock(mutex_);
  ++unreleased_[host];
}

void ConnectionTable::RemoveUnreleased(const std::string& host) {
  const MutexLock lock(mutex_);
  Subtract(unreleased_, host);
}

void ConnectionTable::Remove(const std::shared_ptr<Connection>& connection) {
  {
    Shard& shard = ShardOf(connection->peer.name);
    const MutexLock lock(shard.mutex);
    const auto found = shard.connections.find(connection->peer.name);
    if (found != shard.connections.end() && found->second == connection) {
      shard.connections.erase(found);
    }
  }
  Discount(connection->peer.host);
}

void ConnectionTable::Discount(const std::string& host) {
  const MutexLock lock(mutex_);
  --size_;
  Subtract(hosts_, host);
}

void ConnectionTable::ShutOut(const std::string& host, absl::Time now, absl::Time until) {
  const MutexLock lock(mutex_);
  absl::erase_if(shut_out_, [now](const auto& each) { return each.second <= now; });
  shut_out_[host] = until;
}

bool ConnectionTable::IsShutOut(const std::string& host, absl::Time now) const {
  const MutexLock lock(mutex_);
  const auto found = shut_out_.find(host);
  return found != shut_out_.end() && now < found->second;
}

DispatchedCall ConnectionTable::Dispatch(absl::string_view peer, int64_t bytes) {
  std::shared_ptr<Connection> connection = OfPeer(peer);
  if (connection == nullptr) return DispatchedCall();
  connection->explained += bytes + FloodRule::kCallOverhead;
  ++connection->calls;
  return DispatchedCall(std::move(connection));
}

std::shared_ptr<Connection> ConnectionTable::OfPeer(absl::string_view peer) {
  Shard& shard = ShardOf(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.connections.find(peer);
  return found == shard.connections.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::OfHost(const std::string& host) {
  std::vector<std::shared_ptr<Connection>> of_host;
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (const auto& [peer, connection] : shard.connections) {
      if (connection->peer.host == host) of_host.push_back(connection);
    }
  }
  return of_host;
}

int64_t ConnectionTable::size() const {
  const MutexLock lock(mutex_);
  return size_;
}

}  // namespace pcaps
