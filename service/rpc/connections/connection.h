// Connection: one that was accepted, seen from beside gRPC, which reads and writes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "service/rpc/connections/descriptor.h"
#include "service/rpc/connections/flood_rule.h"
#include "service/rpc/connections/peer_address.h"
#include "service/rpc/places.h"

namespace pcaps {

struct Connection {
  // `served`: what gRPC is going to be handed, who closes it when it has done with the connection.
  Connection(PeerAddress peer_address, const Descriptor& served, int max_concurrent_streams,
             absl::Time begin)
      : peer(std::move(peer_address)),
        duplicate(served.Duplicate()),
        rule(max_concurrent_streams, begin),
        served_(served.get()),
        file_(Descriptor::FileIdOf(served_)) {}

  // Whether gRPC has closed its descriptor.
  bool IsReleased() const { return Descriptor::FileIdOf(served_) != file_; }

  const PeerAddress peer;
  // Of its calls, as in Traffic; any thread adds.
  std::atomic<int64_t> explained = 0;
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> open_calls = 0;
  Places health_watches{kMaxHealthWatches};

  // Of the watch's thread.
  Descriptor duplicate;  // Until it is forgotten.
  int64_t received = 0;  // When it was last looked at.
  FloodRule rule;
  bool ended = false;  // ConnectionTable's.
  // See FloodGuard.
  bool waits = false;
  bool closed = false;
  int64_t partly_received = 0;

 private:
  static constexpr int kMaxHealthWatches = 2;  // A client has one.

  const int served_;
  const Descriptor::FileId file_;
};

// A call that has reached its handler, until its end. Of no connection that we know of where it is
// made from nothing.
class DispatchedCall {
 public:
  DispatchedCall() = default;
  explicit DispatchedCall(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {
    ++connection_->open_calls;
  }
  DispatchedCall(DispatchedCall&&) = default;
  DispatchedCall& operator=(DispatchedCall&&) = delete;
  ~DispatchedCall() {
    if (connection_ != nullptr) --connection_->open_calls;
  }

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace pcaps
