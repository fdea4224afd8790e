// FloodGuard: judges connections, and closes those that flood: each by its FloodRule, and those of
// the worst host where all connections together make gRPC hold too much that does not become calls.
// On the watch's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "service/rpc/connections/closed_connections.h"
#include "service/rpc/connections/connection_table.h"
#include "service/rpc/connections/host_debts.h"
#include "service/rpc/connections/host_tally.h"
#include "service/rpc/connections/socket_bytes.h"

namespace pcaps {

struct FloodGuardOptions {
  // Of all connections together, see FloodRule::kept() and held(): some 5800 and 4500 streams.
  int64_t max_kept_bytes = 80 << 20;
  int64_t max_held_bytes = 64 << 20;
  // What a connection may bring before its first call: HTTP/2 preface and settings, and a handshake
  // if there is one.
  int64_t max_preface_bytes = 256;
  // gRPC's count of the streams of a peer's connection; nothing where there is none.
  std::function<std::optional<StreamCounts>(const std::string& peer)> count_streams;
};

class FloodGuard {
 public:
  // All outlive it.
  FloodGuard(ConnectionTable& table, ClosedConnections& closed, Clock& clock,
             FloodGuardOptions options);

  // Looks at a connection that had input. Whether to look again soon even if nothing more comes in,
  // for what has come is still being read.
  bool Look(const std::shared_ptr<Connection>& connection);
  // After some looks: judges those that have gone quiet, and cleans up.
  void FinishRound();
  // It has ended: what is left of it counts for its host. Whether there was anything.
  bool End(const std::shared_ptr<Connection>& connection);
  // The process was held up: what has come meanwhile, or waits at the client, does not count.
  // Nor does it make debts.
  void BeginExcuse();
  void Excuse(Connection& connection);

  // When FinishRound() has something to do, whatever comes in.
  absl::Time next_round() const;
  // Whether something did not look honest in this round.
  bool is_suspicious() const { return suspicious_; }
  void BeginRound() { suspicious_ = false; }

 private:
  void LineUp(const std::shared_ptr<Connection>& connection);
  void Judge(const std::shared_ptr<Connection>& connection, const SocketBytes& bytes);
  FloodRule::Verdict VerdictOn(Connection& connection, const SocketBytes& bytes);
  int64_t WeightOf(const FloodRule::Keep& keep) const;
  // With what gRPC has not read; beyond its preface.
  int64_t UnexplainedOf(const Connection& connection) const;
  void Count(const std::shared_ptr<Connection>& connection);
  void CountAllAgain();
  void CloseFloodsOf(const std::string& host);
  void CloseHost(const std::string& host, int64_t Connection::* counted);
  void Close(const std::shared_ptr<Connection>& connection);
  void CountFlood(const Connection& connection);
  void TrimSoon();

  ConnectionTable& table_;
  ClosedConnections& closed_;
  Clock& clock_;
  const FloodGuardOptions options_;
  bool suspicious_ = false;
  // Went quiet with something that is not explained. A few are judged each round.
  std::deque<std::shared_ptr<Connection>> quiet_;
  // Those that keep something, or hold it; judged again and again.
  absl::flat_hash_set<std::shared_ptr<Connection>> suspects_;
  HostTally kept_;
  HostTally held_;
  HostDebts debts_;
  absl::Time excused_until_ = absl::InfinitePast();
  absl::Time suspects_due_ = absl::InfiniteFuture();
  absl::Time last_flood_ = absl::InfinitePast();
  absl::Time trim_at_ = absl::InfiniteFuture();  // When memory of floods is given back.
};

}  // namespace pcaps
