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
#include "service/rpc/call_size.h"

namespace pcaps {

// Sums since the connection began.
struct Traffic {
  int64_t received = 0;            // Bytes that were read from the socket,
  int64_t received_meanwhile = 0;  // and those read while the others were counted.
  int64_t sent = 0;                // Bytes that the peer has acknowledged.
  int64_t explained = 0;           // Bytes of calls that reached a handler, kCallOverhead included.
  int64_t calls = 0;               // These calls,
  int64_t open_calls = 0;          // and those of them that have not ended.
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
  static constexpr int64_t kCallMax = kMaxMessageBytes + kMaxMetadataBytes;
  // One in so many calls may be given up by its caller before it reaches a handler, and some in
  // each second.
  static constexpr int64_t kCallsPerGivenUp = 16;
  static constexpr int64_t kGivenUpPerSecond = 2;
  // A judgement costs some 20 us, for it takes counting streams; the cheapest flood has 28 bytes a
  // stream.
  static constexpr int64_t kBytesPerJudgement = 8 << 10;
  // A ping or two, or two streams that are opened, and that is all. A preface is more.
  static constexpr int64_t kUnremarkableBytes = 48;
  static constexpr int64_t kUnremarkableStreams = 10;
  // What a stream takes gRPC, beside the bytes of its call.
  static constexpr int64_t kStreamBytes = 14 << 10;
  // A call that is under way becomes one within less, even on a busy machine.
  static constexpr absl::Duration kHoldTime = absl::Milliseconds(200);

  enum class Verdict { kHonest, kSuspect, kFlood };

  FloodRule(int max_concurrent_streams, absl::Time begin)
      : max_concurrent_streams_(max_concurrent_streams), begin_(begin) {}

  // Since the last judgement: whether so much has come that it has to be judged again; whether
  // anything has come that calls do not explain.
  bool IsDue(int64_t received) const { return received - received_ >= kBytesPerJudgement; }
  bool IsRemarkable(int64_t received, int64_t explained) const {
    return (received - received_) - (explained - explained_) > kUnremarkableBytes;
  }

  // `streams`: nothing where nobody knows. What is not explained may be calls that have not come in
  // whole yet; an honest client has no more of them than it may. Count in this order: what was
  // received, streams, calls. Then bytes that no call explains are those of a stream that is open.
  // `suspected`: its host has been found to flood. Then a tenth is enough.
  Verdict Judge(const Traffic& total, const std::optional<StreamCounts>& streams, bool suspected,
                absl::Time now);

  // What has come by `received` and by `until`, whatever is first, is not to be judged.
  void Excuse(int64_t received, absl::Time until) {
    excused_received_ = received;
    excused_until_ = until;
  }

  // What nothing explains, with no credit for it; without what was excused.
  int64_t Unexplained(const Traffic& total, absl::Time now) const {
    return IsExcused(now) ? 0 : total.received - Earned(total, now) - forgiven_;
  }

  // What gRPC may have to keep of what has not become a call: streams, and bytes.
  struct Keep {
    int64_t streams = 0;
    int64_t bytes = 0;
  };
  // At the last judgement.
  const Keep& open() const { return open_; }
  // With streams that were reset since the one of kHoldTime before: gRPC does not let go of them at
  // once. Without as many as have become calls before: who has made a thousand may have a thousand
  // on their way.
  const Keep& kept() const { return kept_; }
  // Of what is open, what had been there for kHoldTime.
  const Keep& held() const { return held_; }

 private:
  struct State {
    absl::Time at = absl::InfinitePast();
    Keep open;
    int64_t reset = 0;
    int64_t earned = 0;
    int64_t calls = 0;
  };

  bool IsExcused(absl::Time now) const {
    return received_ < excused_received_ && now < excused_until_;
  }
  int64_t Earned(const Traffic& total, absl::Time now) const;
  void UpdateHeld(const State& state);

  const int64_t max_concurrent_streams_;
  const absl::Time begin_;
  int64_t credit_ = kSlack;
  State before_;  // kHoldTime ago or more.
  Keep open_;
  Keep kept_;
  Keep held_;
  // At the last judgement, in sum.
  int64_t earned_ = 0;
  int64_t received_ = 0;
  int64_t explained_ = 0;
  // See Excuse().
  int64_t excused_received_ = 0;
  absl::Time excused_until_ = absl::InfinitePast();
  int64_t excused_streams_ = 0;
  int64_t forgiven_ = 0;  // Bytes.
};

}  // namespace pcaps
