// Connection: one that was accepted, seen from beside gRPC, which reads and writes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "service/rpc/connections/descriptor.h"
#include "service/rpc/connections/flood_rule.h"
#include "service/rpc/connections/peer_address.h"

namespace pcaps {

struct Connection {
  Connection(PeerAddress peer_address, int max_concurrent_streams, absl::Time begin)
      : peer(std::move(peer_address)), rule(max_concurrent_streams, begin) {}

  const PeerAddress peer;
  // What its calls explain; any thread adds.
  std::atomic<int64_t> explained = 0;
  std::atomic<int64_t> calls = 0;

  // ConnectionWatch's.
  Descriptor duplicate;
  int64_t received = 0;  // When it was last looked at.
  FloodRule rule;
};

}  // namespace pcaps
