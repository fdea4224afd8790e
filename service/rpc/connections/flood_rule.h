// FloodRule: whether a connection brings much more than its calls need.
//
// Requests are small, so nearly all that an honest client sends ends in a call that reaches its
// handler: message and metadata, and some framing. What floods a server does not: streams opened
// and reset at once, frames that belong to no call, messages without end. So a connection has a
// credit, which what it sends uses up and what its calls explain fills up again; and of the streams
// that it opens most have to become calls.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

namespace pcaps {

// Sums since the connection began.
struct Traffic {
  int64_t received = 0;   // Bytes that were read from the socket.
  int64_t sent = 0;       // Bytes that the peer has acknowledged.
  int64_t explained = 0;  // Bytes of the calls that reached a handler, kCallOverhead included.
  int64_t calls = 0;      // These calls.
};

// Of a connection's streams, in sum.
struct StreamCounts {
  int64_t started = 0;
  int64_t ended = 0;
};

// Of one connection; not thread-safe.
class FloodRule {
 public:
  // Beside message and metadata a call brings headers that the handler does not see, frames, and
  // TLS records.
  static constexpr int64_t kCallOverhead = 512;
  // A reader returns windows (26 bytes for at least 8 KiB) and acknowledges pings.
  static constexpr int64_t kSentPerReceived = 32;
  // Keepalive pings: 46 bytes each with TLS, one in a second at most.
  static constexpr int64_t kBytesPerSecond = 64;
  // Preface, handshake with client certificates (up to some 10 KiB), calls given up before they
  // began, a few messages that are too long.
  static constexpr int64_t kSlack = 256 << 10;
  // The most that a call may bring: message and metadata.
  static constexpr int64_t kCallMax = (64 + 32) << 10;
  // One in so many calls may be given up by its caller before it reaches a handler.
  static constexpr int64_t kCallsPerGivenUp = 64;
  // A judgement costs some 20 us, for it takes counting streams; the cheapest flood has 28 bytes a
  // stream.
  static constexpr int64_t kBytesPerJudgement = 8 << 10;
  // So many calls that have not come in whole are worth a second look soon.
  static constexpr int64_t kSuspectStreams = 100;

  enum class Verdict { kHonest, kSuspect, kFlood };

  FloodRule(int max_concurrent_streams, absl::Time begin)
      : max_concurrent_streams_(max_concurrent_streams), begin_(begin) {}

  // Whether enough has come since Judge() for it to be asked again.
  bool IsDue(int64_t received) const { return received - received_ >= kBytesPerJudgement; }

  // `streams`: nothing where nobody knows. What is not explained may be calls that have not come in
  // whole yet; an honest client has no more of them than it may. Count in this order: what was
  // received, streams, calls. Then bytes that no call explains are those of a stream that is open.
  Verdict Judge(const Traffic& total, const std::optional<StreamCounts>& streams, absl::Time now);

 private:
  const int64_t max_concurrent_streams_;
  const absl::Time begin_;
  int64_t credit_ = kSlack;
  int64_t earned_ = 0;  // In sum, as the next one.
  int64_t received_ = 0;
};

}  // namespace pcaps
