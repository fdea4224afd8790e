// GrpcLog: what gRPC itself has to say, as lines of our log, and no more of them than anybody
// reads.
#pragma once

#include "service/telemetry/log.h"

namespace pcaps {

// One at a time in a process. Without it gRPC writes to standard error as it likes, a line for each
// handshake that a stranger spoils.
class GrpcLog {
 public:
  // `log` outlives it.
  explicit GrpcLog(Log& log);
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace pcaps
