// ServerLimits: what gRPC itself is told to bound, on each connection.
#pragma once

#include <grpcpp/server_builder.h>

#include "absl/time/time.h"

namespace pcaps {

struct ServerLimits {
  int max_concurrent_streams = 1000;
  absl::Duration max_connection_age = absl::Minutes(30);  // +-10%, by gRPC.
  // What a call that has begun may take before the connection ends with it.
  absl::Duration max_call_life = absl::Minutes(37);
  absl::Duration min_client_ping_interval = absl::Seconds(10);
};

void SetServerLimits(grpc::ServerBuilder& builder, const ServerLimits& limits);

}  // namespace pcaps
