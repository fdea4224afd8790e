// ProbeRedis: what a Redis says of itself, asked on a connection of its own that is closed again.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/redis/redis_url.h"

namespace pcaps {

struct RedisProbeOptions {
  RedisAddress address;
  std::string username;                               // Empty: the default user.
  std::string password;                               // Empty: none is sent.
  std::string ca_file;                                // For TLS; empty: the system's certificates.
  absl::Duration connect_timeout = absl::Seconds(1);  // Name and connection together.
  absl::Duration answer_timeout = absl::Seconds(1);   // Of the TLS handshake, and of each command.
};

struct RedisReport {
  absl::Duration ping;  // The middle one of three.
  std::string version;
  std::string mode;              // "standalone", "sentinel" or "cluster".
  std::string role;              // "master" or "slave".
  std::string maxmemory_policy;  // "noeviction", ... Empty: it does not say.
};

// Blocks, within the timeouts. Errors: as of DialTcp(); UNAUTHENTICATED, the password is wrong or
// missing; PERMISSION_DENIED, the user may not use a command; FAILED_PRECONDITION, it is loading
// its data; DEADLINE_EXCEEDED, it hangs; UNIMPLEMENTED, TLS with a hiredis that has none; INTERNAL,
// anything else it says.
absl::StatusOr<RedisReport> ProbeRedis(const RedisProbeOptions& options);

}  // namespace pcaps
