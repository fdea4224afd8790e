#include "service/rpc/connections/flood_guard.h"

#include <malloc.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pcaps {
namespace {

constexpr int kQuietPerRound = 32;  // Some 600 us.
constexpr absl::Duration kSuspectInterval = absl::Milliseconds(250);
// Where a host floods, a connection with so much that nothing explains yet, read or not, is part of
// it.
constexpr int64_t kMuchUnexplained = 16 << 10;
// A flood that comes back at once finds gRPC still busy with the streams of the one before. Honest
// clients behind the same proxy or NAT wait about as long before they connect again, too.
constexpr absl::Duration kShutOut = absl::Seconds(1);
// By then gRPC has given up the streams of a small flood; those of a large one it may take seconds.
// Trimming takes 2 to 9 ms, in which allocations wait; without it each flood would leave some 20
// MiB in another arena of malloc's.
constexpr absl::Duration kTrimDelay = absl::Milliseconds(250);
constexpr absl::Duration kTrimInterval = absl::Seconds(1);
constexpr absl::Duration kTrimTime = absl::Seconds(5);

// After a stall clients have so much to send, a good part of it given up: several thousand calls.
// As a flood it is closed with what comes next.
constexpr int64_t kExcusedBytes = 1 << 20;
constexpr absl::Duration kExcuseTime = absl::Seconds(5);

// Resets the connection. Unlike shutdown(), this leaves gRPC nothing to read of what has come.
void Abort(int socket) {
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  if (connect(socket, &nobody, sizeof(nobody)) != 0) shutdown(socket, SHUT_RDWR);
}

Traffic TrafficOf(const Connection& connection, const SocketBytes& bytes) {
  Traffic traffic;
  traffic.received = bytes.received;
  traffic.sent = bytes.sent;
  traffic.explained = connection.explained;
  // Before the calls, or one that begins meanwhile would be open and none.
  traffic.open_calls = connection.open_calls;
  traffic.calls = connection.calls;
  return traffic;
}

}  // namespace

FloodGuard::FloodGuard(ConnectionTable& table, ClosedConnections& closed, Clock& clock,
                       FloodGuardOptions options)
    : table_(table), closed_(closed), clock_(clock), options_(std::move(options)) {}

bool FloodGuard::Look(const std::shared_ptr<Connection>& connection) {
  if (connection->settled) return false;
  const SocketBytes bytes = BytesOf(connection->duplicate.get());
  const bool more = bytes.unread > 0 || bytes.received != connection->received;
  connection->received = bytes.received;
  if (connection->rule.IsDue(bytes.received)) {
    Judge(connection, bytes);
    connection->in_between = true;
  } else if (!more) {
    // What gRPC has read it may have to look at still.
    const bool in_between = std::exchange(connection->in_between, false);
    if (in_between || connection->rule.IsRemarkable(bytes.received, connection->explained)) {
      LineUp(connection);
    }
  }
  return more;
}

void FloodGuard::LineUp(const std::shared_ptr<Connection>& connection) {
  if (std::exchange(connection->waits, true)) return;
  quiet_.push_back(connection);
}

void FloodGuard::FinishRound() {
  const absl::Time now = clock_.Now();
  if (now >= suspects_due_) {
    for (const std::shared_ptr<Connection>& suspect : suspects_) LineUp(suspect);
    suspects_due_ = suspects_.empty() ? absl::InfiniteFuture() : now + kSuspectInterval;
  }
  for (int i = 0; i < kQuietPerRound && !quiet_.empty(); ++i) {
    const std::shared_ptr<Connection> connection = std::move(quiet_.front());
    quiet_.pop_front();
    connection->waits = false;
    if (!connection->settled) Judge(connection, BytesOf(connection->duplicate.get()));
  }
  if (now < trim_at_) return;
  trim_at_ = now < last_flood_ + kTrimTime ? now + kTrimInterval : absl::InfiniteFuture();
  malloc_trim(0);
}

absl::Time FloodGuard::next_round() const {
  return quiet_.empty() ? std::min(trim_at_, suspects_due_) : absl::InfinitePast();
}

void FloodGuard::Judge(const std::shared_ptr<Connection>& connection, const SocketBytes& bytes) {
  if (VerdictOn(*connection, bytes) == FloodRule::Verdict::kFlood) {
    Close(connection);
    return CloseFloodsOf(connection->peer.host);
  }
  Count(connection);
  if (held_.total() <= options_.max_held_bytes && kept_.total() <= options_.max_kept_bytes) return;
  CountAllAgain();  // Much of it may be old news: calls that were on their way.
  while (held_.total() > options_.max_held_bytes) {
    CloseHost(held_.Largest(), &Connection::held_bytes);
  }
  while (kept_.total() > options_.max_kept_bytes) {
    CloseHost(kept_.Largest(), &Connection::kept_bytes);
  }
}

FloodRule::Verdict FloodGuard::VerdictOn(Connection& connection, const SocketBytes& bytes) {
  const std::optional<StreamCounts> streams = options_.count_streams(connection.peer.name);
  Traffic total = TrafficOf(connection, bytes);
  connection.received = bytes.received;
  total.received_meanwhile =
      std::max(int64_t{0}, BytesOf(connection.duplicate.get()).received - bytes.received);
  const absl::Time now = clock_.Now();
  const bool suspected = table_.IsShutOut(connection.peer.host, now);
  const FloodRule::Verdict verdict = connection.rule.Judge(total, streams, suspected, now);
  if (verdict != FloodRule::Verdict::kHonest) suspicious_ = true;
  return verdict;
}

int64_t FloodGuard::WeightOf(const FloodRule::Keep& keep) const {
  return keep.streams * FloodRule::kStreamBytes +
         std::max(int64_t{0}, keep.bytes - options_.max_preface_bytes);
}

void FloodGuard::Count(const std::shared_ptr<Connection>& connection) {
  const bool settled = connection->settled;
  kept_.Change(connection->peer.host, connection->kept_bytes,
               settled ? 0 : WeightOf(connection->rule.kept()));
  held_.Change(connection->peer.host, connection->held_bytes,
               settled ? 0 : WeightOf(connection->rule.held()));
  if (settled || WeightOf(connection->rule.open()) == 0) {
    suspects_.erase(connection);
  } else if (suspects_.insert(connection).second) {
    suspects_due_ = std::min(suspects_due_, clock_.Now() + kSuspectInterval);
  }
}

void FloodGuard::CountAllAgain() {
  const std::vector<std::shared_ptr<Connection>> all(suspects_.begin(), suspects_.end());
  for (const std::shared_ptr<Connection>& connection : all) {
    (void)VerdictOn(*connection, BytesOf(connection->duplicate.get()));
    Count(connection);
  }
}

void FloodGuard::CloseFloodsOf(const std::string& host) {
  for (const std::shared_ptr<Connection>& other : table_.OfHost(host)) {
    if (other->settled) continue;
    const SocketBytes bytes = BytesOf(other->duplicate.get());
    const bool floods = VerdictOn(*other, bytes) == FloodRule::Verdict::kFlood;
    if (floods || UnexplainedOf(*other) > kMuchUnexplained) {
      Close(other);
    } else {
      Count(other);
    }
  }
}

void FloodGuard::CloseHost(const std::string& host, int64_t Connection::* counted) {
  std::vector<std::shared_ptr<Connection>> guilty;
  for (const std::shared_ptr<Connection>& suspect : suspects_) {
    if (suspect->peer.host == host && (*suspect).*counted > 0) guilty.push_back(suspect);
  }
  for (const std::shared_ptr<Connection>& connection : guilty) Close(connection);
  CloseFloodsOf(host);
}

int64_t FloodGuard::UnexplainedOf(const Connection& connection) const {
  SocketBytes bytes = BytesOf(connection.duplicate.get());
  bytes.received += bytes.unread;
  return connection.rule.Unexplained(TrafficOf(connection, bytes), clock_.Now()) -
         options_.max_preface_bytes;
}

void FloodGuard::Close(const std::shared_ptr<Connection>& connection) {
  Abort(connection->duplicate.get());
  CountFlood(*connection);
  TrimSoon();
  connection->settled = true;  // Its end will be seen soon.
  Count(connection);
}

bool FloodGuard::End(const std::shared_ptr<Connection>& connection) {
  if (std::exchange(connection->settled, true)) return true;
  Count(connection);
  const int64_t unexplained = UnexplainedOf(*connection);
  if (unexplained <= 0) return false;
  const SocketBytes bytes = BytesOf(connection->duplicate.get());
  connection->received = bytes.received;
  // Where nothing waits to be sent there is nobody to answer.
  if (bytes.unsent == 0) Abort(connection->duplicate.get());
  TrimSoon();
  if (clock_.Now() < excused_until_) return true;
  if (debts_.Add(connection->peer.host, unexplained, clock_.Now())) CountFlood(*connection);
  return true;
}

void FloodGuard::BeginExcuse() { excused_until_ = clock_.Now() + kExcuseTime; }

void FloodGuard::Excuse(Connection& connection) {
  connection.rule.Excuse(BytesOf(connection.duplicate.get()).received + kExcusedBytes,
                         excused_until_);
}

void FloodGuard::CountFlood(const Connection& connection) {
  const absl::Time now = clock_.Now();
  table_.ShutOut(connection.peer.host, now, now + kShutOut);
  closed_.Count(CloseReason::kFlood, connection.peer.name, connection.received);
}

void FloodGuard::TrimSoon() {
  last_flood_ = clock_.Now();
  trim_at_ = std::min(trim_at_, last_flood_ + kTrimDelay);
}

}  // namespace pcaps
