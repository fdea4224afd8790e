#include "clients/redis/open_redis.h"

#include <string>
#include <utility>

#include "clients/redis/redis_server.h"

namespace pcaps {

Task<absl::StatusOr<std::shared_ptr<RedisConnection>>> OpenRedis(
    Loop loop, Clock& clock, std::shared_ptr<const RedisClientOptions> options) {
  absl::StatusOr<std::string> password = "";
  if (options->password != nullptr) password = options->password();
  if (!password.ok()) co_return password.status();
  RedisConnectionOptions how;
  how.address = options->address;
  how.ca_file = options->ca_file;
  how.connect_timeout = options->connect_timeout;
  how.tls_timeout = options->connect_timeout;
  how.max_reply_bytes = options->max_reply_bytes;
  auto connection = co_await RedisConnection::Open(loop, clock, std::move(how));
  if (!connection.ok()) co_return connection.status();
  const absl::Status status = co_await LogInToRedis(*connection, options->username,
                                                    *std::move(password), options->connect_timeout);
  if (status.ok()) co_return connection;
  (*connection)->Close(absl::UnavailableError(status.message()));
  co_return status;
}

}  // namespace pcaps
