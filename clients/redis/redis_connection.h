// RedisConnection: one connection to a Redis: commands go out and replies come in, in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/redis/redis_protocol.h"
#include "clients/redis/redis_reply.h"
#include "clients/redis/redis_stream.h"
#include "clients/redis/redis_url.h"

namespace pcaps {

struct RedisConnectionOptions {
  RedisAddress address;
  std::string ca_file;                                // As in RedisClientOptions.
  absl::Duration connect_timeout = absl::Seconds(1);  // Of name and connection together.
  absl::Duration tls_timeout = absl::Seconds(1);      // Of the TLS handshake.
  size_t max_reply_bytes = size_t{64} << 20;
};

// On one loop's thread. It ends by Close(): that of its owner, or its own when the connection
// breaks, a command times out, or Redis says that it is not fit for work (FAILED_PRECONDITION of
// RedisError()). Shared: what is under way keeps it.
class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
 public:
  // Errors: of RedisStream, and DEADLINE_EXCEEDED.
  static Task<absl::StatusOr<std::shared_ptr<RedisConnection>>> Open(
      Loop loop, Clock& clock, RedisConnectionOptions options);

  RedisConnection(const Loop& loop, Clock& clock, size_t max_reply_bytes,
                  std::shared_ptr<RedisStream> stream);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends a command and waits for its reply. DEADLINE_EXCEEDED, there was none, and the connection
  // is closed; UNAVAILABLE, the connection ended; CANCELLED, the caller left, and the reply will be
  // thrown away; of RedisError().
  static Task<absl::StatusOr<RedisReply>> Ask(std::shared_ptr<RedisConnection> self,
                                              std::vector<std::string> args,
                                              absl::Duration timeout);

  // From now on, messages of channels go here.
  void OnMessage(std::function<void(std::string message)> on_message) {
    on_message_ = std::move(on_message);
  }

  // Everybody who waits gets `why`. The first call counts.
  void Close(absl::Status why);

  bool closed() const { return !why_.ok(); }
  // Why it is closed; OK while it is not.
  const absl::Status& why() const { return why_; }
  // Notified when it closes.
  Event& closing() { return closing_; }

  size_t awaiting_replies() const { return pending_.size(); }
  size_t unsent_bytes() const { return unsent_.size() + sending_.size(); }

 private:
  struct Pending {
    explicit Pending(const Loop& loop) : done(loop) {}
    Event done;
    std::optional<absl::StatusOr<RedisReply>> result;
  };

  static Task<void> Read(std::shared_ptr<RedisConnection> self);
  static Task<void> Write(std::shared_ptr<RedisConnection> self);
  void Take(absl::string_view bytes);
  void Deliver(RedisReply reply);

  const Loop loop_;
  Clock& clock_;
  const std::shared_ptr<RedisStream> stream_;
  RedisParser parser_;
  std::function<void(std::string)> on_message_;
  absl::Status why_;
  Event closing_;
  Event more_to_send_;
  std::string unsent_;
  std::string sending_;
  std::deque<std::shared_ptr<Pending>> pending_;
};

}  // namespace pcaps
