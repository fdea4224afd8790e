// OpenRedis: a connection as a client's options tell, logged in.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/redis/redis_client.h"
#include "clients/redis/redis_connection.h"

namespace pcaps {

// Errors: of the password's source, RedisConnection::Open() and LogInToRedis().
Task<absl::StatusOr<std::shared_ptr<RedisConnection>>> OpenRedis(
    Loop loop, Clock& clock, std::shared_ptr<const RedisClientOptions> options);

}  // namespace pcaps
