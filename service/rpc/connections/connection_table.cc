#include "service/rpc/connections/connection_table.h"

#include "absl/hash/hash.h"

namespace pcaps {

ConnectionTable::Shard& ConnectionTable::ShardOf(absl::string_view peer) {
  return shards_[absl::Hash<absl::string_view>()(peer) % kShards];
}

ConnectionTable::Entry ConnectionTable::Add(const std::shared_ptr<Connection>& connection,
                                            absl::Time now) {
  {
    const MutexLock lock(mutex_);
    const auto shut_out = shut_out_.find(connection->peer.host);
    if (shut_out != shut_out_.end() && now < shut_out->second) return Entry::kShutOut;
    if (size_ >= limits_.max_connections) return Entry::kOverLimit;
    int& of_host = hosts_[connection->peer.host];
    if (of_host >= limits_.max_connections_per_peer) return Entry::kOverPeerLimit;
    ++of_host;
    ++size_;
  }
  Shard& shard = ShardOf(connection->peer.name);
  const MutexLock lock(shard.mutex);
  // A peer may use its port again before we have seen the end of what it had there.
  shard.connections.insert_or_assign(connection->peer.name, connection);
  return Entry::kAdmitted;
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
  const MutexLock lock(mutex_);
  --size_;
  const auto host = hosts_.find(connection->peer.host);
  if (--host->second == 0) hosts_.erase(host);
}

void ConnectionTable::ShutOut(const std::string& host, absl::Time now, absl::Time until) {
  const MutexLock lock(mutex_);
  absl::erase_if(shut_out_, [now](const auto& each) { return each.second <= now; });
  shut_out_[host] = until;
}

void ConnectionTable::Explain(absl::string_view peer, int64_t bytes) {
  Shard& shard = ShardOf(peer);
  const MutexLock lock(shard.mutex);
  const auto found = shard.connections.find(peer);
  if (found == shard.connections.end()) return;
  found->second->explained += bytes + FloodRule::kCallOverhead;
  ++found->second->calls;
}

int64_t ConnectionTable::size() const {
  const MutexLock lock(mutex_);
  return size_;
}

}  // namespace pcaps
