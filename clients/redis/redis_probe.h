// ProbeRedis: what a Redis says of itself, and whether it lets us work, asked on a connection of
// its own that is closed again.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/redis/redis_server.h"
#include "clients/redis/redis_url.h"

namespace pcaps {

struct RedisProbeOptions {
  RedisAddress address;
  std::string username;                               // Empty: the default user.
  std::string password;                               // Empty: none is sent.
  std::string ca_file;                                // For TLS; empty: the system's certificates.
  std::string key_prefix = "pcaps";                   // Of all keys and channels.
  absl::Duration connect_timeout = absl::Seconds(1);  // Name and connection together.
  absl::Duration answer_timeout = absl::Seconds(1);   // Of the TLS handshake, and of each command.
};

// Blocks, within the timeouts. A master is also asked to write, in ways that change nothing: a key
// that is not there is not set, and a message goes to a channel that nobody hears but us.
//
// Errors: of RedisConnection, where DEADLINE_EXCEEDED says that it hangs, and of RedisError().
absl::StatusOr<RedisReport> ProbeRedis(const RedisProbeOptions& options);

}  // namespace pcaps
