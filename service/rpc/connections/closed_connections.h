// ClosedConnections: counts what the gateway closes or refuses, and says so in the log, not too
// often. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/mutex.h"
#include "service/telemetry/log.h"

namespace pcaps {

enum class CloseReason {
  kOverLimit,      // limits.max_connections, or the process's descriptors.
  kOverPeerLimit,  // limits.max_connections_per_peer.
  kShutOut,        // Its host has just flooded.
  kFlood,          // See FloodGuard. The only one of a connection that was admitted.
};
constexpr size_t kCloseReasons = 4;

// "over_limit", "over_peer_limit", "shut_out", "flood".
absl::string_view CloseReasonName(CloseReason reason);

class ClosedConnections {
 public:
  // A reason is written once in this time, with the number there were; one line a connection would
  // be an attack on the log.
  static constexpr absl::Duration kLogInterval = absl::Seconds(10);

  // Both outlive it.
  ClosedConnections(Log& log, Clock& clock) : log_(log), clock_(clock) {}

  // `received`: bytes that the connection had brought.
  void Count(CloseReason reason, absl::string_view peer, int64_t received = 0);
  int64_t count(CloseReason reason) const;

  // Writes what is due; returns when it has to be called again, if at all.
  std::optional<absl::Time> Flush();

 private:
  struct OfReason {
    int64_t count = 0;
    int64_t unwritten = 0;
    std::string example;   // The last peer,
    int64_t received = 0;  // and what it brought.
    absl::Time written_at = absl::InfinitePast();
  };

  void Write(CloseReason reason, OfReason& closed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Log& log_;
  Clock& clock_;
  mutable Mutex mutex_;
  std::array<OfReason, kCloseReasons> reasons_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
