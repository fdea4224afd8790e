// StreamCensus: how many streams gRPC has opened and ended on a connection, as it tells by
// channelz. It counts them anyway, unless told not to; asking costs some 10 us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "service/rpc/connections/flood_rule.h"

namespace pcaps {

class StreamCensus {
 public:
  // Of the server that was made last in this process.
  StreamCensus();

  // Nothing where gRPC knows no connection of this peer (any more). One caller at a time.
  std::optional<StreamCounts> Count(const std::string& peer);

 private:
  void LearnNewSockets();

  int64_t server_id_ = 0;
  int64_t next_socket_id_ = 0;  // Ids only grow: each socket is listed once.
  // By gRPC's name of the peer. A peer's newest one: ports are used again.
  absl::flat_hash_map<std::string, int64_t> socket_ids_;
};

}  // namespace pcaps
