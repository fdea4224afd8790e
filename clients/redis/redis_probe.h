// ProbeRedis: what a Redis says of itself, and whether it lets us work, asked on a connection of
// its own that is closed again.
#pragma once

#include <cstdint>
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
  std::string key_prefix = "pcaps";                   // Of all keys and channels.
  absl::Duration connect_timeout = absl::Seconds(1);  // Name and connection together.
  absl::Duration answer_timeout = absl::Seconds(1);   // Of the TLS handshake, and of each command.
};

struct RedisReport {
  absl::Duration ping;  // The middle one of three.
  std::string version;
  std::string mode;              // "standalone", "sentinel" or "cluster".
  std::string role;              // "master" or "slave".
  std::string maxmemory_policy;  // "noeviction", ... Empty: it does not say.
  int64_t maxmemory = 0;         // In bytes. 0: no limit.
  int64_t used_memory = 0;
};

// Blocks, within the timeouts. A master is also asked to write, in ways that change nothing: a key
// that is not there is not set, and a message goes to a channel that nobody hears.
//
// Errors: as of DialTcp(); UNAUTHENTICATED, the password is wrong or missing; PERMISSION_DENIED,
// the user may not use a command; FAILED_PRECONDITION, it is loading its data; RESOURCE_EXHAUSTED,
// its memory is full; ABORTED, it takes no writes for want of replicas; DEADLINE_EXCEEDED, it
// hangs; UNIMPLEMENTED, TLS with a hiredis that has none; INTERNAL, anything else it says.
absl::StatusOr<RedisReport> ProbeRedis(const RedisProbeOptions& options);

}  // namespace pcaps
