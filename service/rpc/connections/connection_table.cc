#include "service/rpc/connections/connection_table.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace pcaps {
namespace {

// Of the connections that a host may have, those that gRPC may be busy with after their end. It
// takes milliseconds, so this is met by who opens and ends a thousand in a second.
constexpr int kEndedShare = 10;
constexpr int kMinEnded = 10;

}  // namespace

ConnectionTable::Shard& ConnectionTable::ShardOf(absl::string_view peer) {
  return shards_[absl::Hash<absl::string_view>()(peer) % kShards];
}

int ConnectionTable::max_ended() const {
  return std::max(kMinEnded, limits_.max_connections_per_peer / kEndedShare);
}

ConnectionTable::Entry ConnectionTable::Add(const std::shared_ptr<Connection>& connection,
                                            absl::Time now) {
  {
    const MutexLock lock(mutex_);
    const auto shut_out = shut_out_.find(connection->peer.host);
    if (shut_out != shut_out_.end() && now < shut_out->second) return Entry::kShutOut;
    if (size_ >= limits_.max_connections) return Entry::kOverLimit;
    Host& host = hosts_[connection->peer.host];
    if (host.connections >= limits_.max_connections_per_peer) return Entry::kOverPeerLimit;
    if (host.ended >= max_ended()) return Entry::kOverPeerLimit;
    ++host.connections;
    ++size_;
  }
  if (Name(connection)) return Entry::kAdmitted;
  Discount(*connection);
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

void ConnectionTable::SetEnded(Connection& connection) {
  const MutexLock lock(mutex_);
  ++hosts_[connection.peer.host].ended;
  connection.ended = true;
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
  Discount(*connection);
}

void ConnectionTable::Discount(const Connection& connection) {
  const MutexLock lock(mutex_);
  --size_;
  const auto host = hosts_.find(connection.peer.host);
  if (connection.ended) --host->second.ended;
  if (--host->second.connections == 0) hosts_.erase(host);
}

void ConnectionTable::ShutOut(const std::string& host, absl::Time now, absl::Time until) {
  const MutexLock lock(mutex_);
  absl::erase_if(shut_out_, [now](const auto& each) { return each.second <= now; });
  shut_out_[host] = until;
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
