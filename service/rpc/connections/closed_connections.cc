#include "service/rpc/connections/closed_connections.h"

#include <algorithm>

namespace pcaps {

absl::string_view CloseReasonName(CloseReason reason) {
  switch (reason) {
    case CloseReason::kOverLimit:
      return "over_limit";
    case CloseReason::kOverPeerLimit:
      return "over_peer_limit";
    case CloseReason::kShutOut:
      return "shut_out";
    case CloseReason::kFlood:
      return "flood";
  }
  return "";
}

void ClosedConnections::Count(CloseReason reason, absl::string_view peer, int64_t received) {
  const MutexLock lock(mutex_);
  OfReason& closed = reasons_[static_cast<size_t>(reason)];
  ++closed.count;
  ++closed.unwritten;
  closed.example = std::string(peer);
  closed.received = received;
  if (clock_.Now() >= closed.written_at + kLogInterval) Write(reason, closed);
}

int64_t ClosedConnections::count(CloseReason reason) const {
  const MutexLock lock(mutex_);
  return reasons_[static_cast<size_t>(reason)].count;
}

std::optional<absl::Time> ClosedConnections::Flush() {
  const MutexLock lock(mutex_);
  std::optional<absl::Time> next;
  for (size_t i = 0; i < reasons_.size(); ++i) {
    OfReason& closed = reasons_[i];
    if (closed.unwritten == 0) continue;
    const absl::Time due = closed.written_at + kLogInterval;
    if (clock_.Now() >= due) {
      Write(static_cast<CloseReason>(i), closed);
    } else {
      next = std::min(due, next.value_or(due));
    }
  }
  return next;
}

void ClosedConnections::Write(CloseReason reason, OfReason& closed) {
  const char* const event =
      reason == CloseReason::kFlood ? "connection_closed" : "connections_refused";
  log_.Warn(event, {{"reason", std::string(CloseReasonName(reason))},
                    {"count", closed.unwritten},
                    {"peer", closed.example},
                    {"received_bytes", closed.received}});
  closed.unwritten = 0;
  closed.written_at = clock_.Now();
}

}  // namespace pcaps
