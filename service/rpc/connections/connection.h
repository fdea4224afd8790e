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

namespace pcaps {

struct Connection {
  // `duplicate_socket`: of gRPC's descriptor, who closes that one when it likes.
  Connection(PeerAddress peer_address, Descriptor duplicate_socket, int max_concurrent_streams,
             absl::Time begin)
      : peer(std::move(peer_address)),
        duplicate(std::move(duplicate_socket)),
        rule(max_concurrent_streams, begin) {}

  const PeerAddress peer;
  // Of its calls, as in Traffic; any thread adds.
  std::atomic<int64_t> explained = 0;
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> open_calls = 0;

  // Of the watch's thread.
  Descriptor duplicate;  // Until its end.
  int64_t received = 0;  // When it was last looked at.
  FloodRule rule;
  // See FloodGuard.
  bool waits = false;
  bool closed = false;
  int64_t partly_received = 0;
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
