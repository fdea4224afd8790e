// What is asked of a Redis at the beginning of a connection: to let us in, what it is, how quick.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/redis/redis_connection.h"

namespace pcaps {

// What a Redis says of itself.
struct RedisReport {
  absl::Duration ping;  // The middle one of three, where it was asked for.
  std::string version;
  std::string mode;              // "standalone", "sentinel" or "cluster".
  std::string role;              // "master" or "slave".
  std::string maxmemory_policy;  // "noeviction", ... Empty: it does not say.
  int64_t maxmemory = 0;         // In bytes. 0: no limit.
  int64_t used_memory = 0;
};

// Errors of all: as of RedisConnection::Ask(). `timeout` is each command's.

// Sends nothing without a password.
Task<absl::Status> LogInToRedis(std::shared_ptr<RedisConnection> connection, std::string username,
                                std::string password, absl::Duration timeout);

Task<absl::Status> SelectRedisDatabase(std::shared_ptr<RedisConnection> connection, int database,
                                       absl::Duration timeout);

Task<absl::StatusOr<RedisReport>> AskRedisInfo(std::shared_ptr<RedisConnection> connection,
                                               absl::Duration timeout);

// How long a PING takes.
Task<absl::StatusOr<absl::Duration>> PingRedis(std::shared_ptr<RedisConnection> connection,
                                               Clock& clock, absl::Duration timeout);

// What to add to `clock` to get Redis's time; off by half the command's time at most.
Task<absl::StatusOr<absl::Duration>> AskRedisClockOffset(
    std::shared_ptr<RedisConnection> connection, Clock& clock, absl::Duration timeout);

}  // namespace pcaps
