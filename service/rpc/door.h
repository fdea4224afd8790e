// Door: what is let in: connections, and calls at once.
#pragma once

#include "absl/status/status.h"
#include "service/rpc/connections/connection_table.h"
#include "service/rpc/places.h"

namespace pcaps {

struct DoorLimits {
  ConnectionLimits connections;
  int max_unary_in_flight = 10000;
};

// The same limits, but for connections that this process may not have the descriptors for. Raises
// its limit of these as far as it may, and leaves some for the upstream and Redis.
DoorLimits WithinDescriptors(DoorLimits limits);

struct Door {
  explicit Door(const DoorLimits& limits)
      : connections(limits.connections),
        unary(limits.max_unary_in_flight),
        health_watches(limits.connections.max_connections) {}

  ConnectionTable connections;
  Places unary;           // Calls of all methods that do not stream.
  Places health_watches;  // Each connection has its own, too.
};

// RESOURCE_EXHAUSTED/OVERLOADED with RetryInfo. `what`: "calls are being served"
absl::Status TooManyAtOnce(const Places& places, absl::string_view what);

}  // namespace pcaps
