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

// Has gRPC look at what it reads soon after. Once, before anything of gRPC is used, and before
// there are threads: it is told by the environment.
void LimitReads();

}  // namespace pcaps
