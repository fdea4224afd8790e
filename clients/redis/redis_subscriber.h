// RedisSubscriber: hears one channel for as long as its client lives, on a connection of its own.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/redis/redis_client.h"
#include "clients/redis/redis_connection.h"

namespace pcaps {

struct RedisSubscription {
  std::string channel;
  std::function<void(std::string message)> on_message;
  std::function<void()> on_gap;
};

// On one loop's thread. It listens while the client says that Redis is up: what is wrong with a
// server is found out once, by the client. Shared: its coroutine keeps it.
class RedisSubscriber : public std::enable_shared_from_this<RedisSubscriber> {
 public:
  RedisSubscriber(const Loop& loop, Clock& clock, std::shared_ptr<const RedisClientOptions> options,
                  RedisSubscription subscription);

  void Start();
  // Nothing is called from then on.
  void Stop();
  // When Redis is down the connection is given up: after a failover, it may be to a server that
  // nobody tells anything any more.
  void SetUp(bool up);

 private:
  static Task<absl::Status> Run(std::shared_ptr<RedisSubscriber> self);
  // Returns when the connection has ended, and why.
  static Task<absl::Status> Listen(std::shared_ptr<RedisSubscriber> self);
  static Task<absl::Status> Begin(std::shared_ptr<RedisSubscriber> self);

  const Loop loop_;
  Clock& clock_;
  const std::shared_ptr<const RedisClientOptions> options_;
  const RedisSubscription subscription_;
  bool up_ = false;
  uint64_t downs_ = 0;  // How often it went down.
  bool stopped_ = false;
  bool refusal_told_ = false;
  Event changed_;
  std::shared_ptr<RedisConnection> connection_;  // While there is one.
  boost::asio::cancellation_signal cancel_;
};

}  // namespace pcaps
