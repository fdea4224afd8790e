// Flood: what an attacker sends who knows HTTP/2.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/integration/support/wire.h"

namespace pcaps::integration {

enum class FloodKind {
  kHeaders,           // Streams opened, and nothing more.
  kHeadersReset,      // Opened and reset.
  kHeadersDataReset,  // The same with a whole message between.
  kIndexedReset,      // As few bytes a stream as there can be.
  kPartReset,         // Part of a large message between.
  kPing,
  kSettings,
  kPriority,
  kWindowUpdate,
  kReset,           // Of streams that there are not.
  kContinuation,    // Headers without end.
  kEmptyData,       // On one stream.
  kEndlessMessage,  // A message said to have 1 GiB.
  kUnknownFrames,
};
std::vector<FloodKind> AllFloods();
std::string FloodName(FloodKind kind);
void PrintTo(FloodKind kind, std::ostream* out);

struct FloodOptions {
  FloodKind kind;
  int64_t steps = 70'000;                          // Streams, or frames.
  absl::Duration duration = absl::ZeroDuration();  // Evenly; 0: as fast as they are taken.
  bool persistent = false;                         // Comes back when it is closed.
  WireOptions wire;
};

struct FloodReport {
  int64_t steps = 0;
  int connections = 0;
  bool closed = false;          // The last connection, before all was sent or soon after.
  int64_t most_bytes = 0;       // That one connection took. Those in buffers are among them.
  absl::Duration longest_life;  // Of one connection.
};

// What one connection sends: so many steps.
std::string FloodBytes(FloodKind kind, int64_t steps);

FloodReport RunFlood(const std::string& address, const FloodOptions& options);

}  // namespace pcaps::integration
