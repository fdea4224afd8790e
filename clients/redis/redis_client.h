// RedisClient: commands to a Redis that may be slow or gone, and nobody waits for it then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/redis/redis_reply.h"
#include "clients/redis/redis_script.h"
#include "clients/redis/redis_url.h"

namespace pcaps {

struct RedisClientOptions {
  RedisAddress address;
  std::string username;  // Empty: the default user.
  // Asked for each connection, so that a password can change. Null, or an empty one: none is sent.
  std::function<absl::StatusOr<std::string>()> password;
  std::string ca_file;  // For TLS, PEM; empty: the system's certificates.
  // Of name and connection together; also of the TLS handshake, and of each command that a
  // connection begins with.
  absl::Duration connect_timeout = absl::Seconds(1);
  absl::Duration command_timeout = absl::Milliseconds(50);
  // A Redis whose PINGs take longer is not up yet.
  absl::Duration max_ping = absl::Milliseconds(20);
  // Commands that await their replies, and their bytes that await being sent. Above: UNAVAILABLE.
  int max_pipeline = 10'000;
  size_t max_unsent_bytes = size_t{64} << 20;
  // A longer reply ends the connection.
  size_t max_reply_bytes = size_t{64} << 20;
  // Pauses between attempts to connect; doubled after each, and jittered.
  absl::Duration min_backoff = absl::Milliseconds(50);
  absl::Duration max_backoff = absl::Seconds(1);
  // So often an idle connection is asked whether it is still there.
  absl::Duration keepalive = absl::Seconds(2);
  // For the log, on the loop: each change, the first answer to "is it up?" too; and, while it is
  // down, each new kind of reason for that. Never once per attempt.
  std::function<void(bool up, absl::Status why)> on_state;
  // For the log, on the loop: a subscription was refused. Once until it succeeds.
  std::function<void(absl::Status why)> on_subscription_refused;
};

// Since the client began.
struct RedisCounters {
  uint64_t sent = 0;          // Commands.
  uint64_t timed_out = 0;     // Commands, each of which took Redis down.
  uint64_t refused_down = 0;  // Commands not sent: Redis was down.
  uint64_t refused_full = 0;  // Commands not sent: too many awaited replies.
  uint64_t attempts = 0;      // To connect.
  uint64_t connections = 0;   // Those that came up.
};

// One connection for all commands, in order, and one for each subscription. All on one loop's
// thread, but for up(), clock_offset(), Subscribe() and the constructor, which any thread may call.
//
// Redis is up once a connection is made and logged in, it is a master outside of a cluster that has
// loaded its data, and three PINGs in a row were quick. It is down with the first command that
// times out, with the connection, and when it turns out to be read-only. Then all waiting commands
// fail, and later ones at once and unsent, while the client connects anew.
class RedisClient {
 public:
  // Begins to connect.
  RedisClient(Loop loop, Clock& clock, RedisClientOptions options);
  // After Stop(), or after the loop's thread has ended.
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Closes everything; whoever waits gets UNAVAILABLE. No callback is called from then on, and
  // nothing of the client keeps the loop running.
  void Stop();

  // Returns within the command timeout. (A loop that is late itself gives Redis a moment more.) A
  // caller that is cancelled gets CANCELLED; what it sent may be done all the same.
  //
  // Errors: UNAVAILABLE, Redis is down, or there was no answer, when it may have been done or not;
  // those of RedisError(), of this command alone.
  Task<absl::StatusOr<RedisReply>> Command(std::vector<std::string> args);

  // Runs a script by its SHA-1; with its source where Redis does not know it. As of Command().
  Task<absl::StatusOr<RedisReply>> Run(RedisScript script, std::vector<std::string> keys,
                                       std::vector<std::string> args);

  // Until Stop(), and whatever becomes of Redis: `on_message` is called for every message in the
  // channel, `on_gap` whenever listening begins, the first time too: messages before that may have
  // been lost. Both on the loop; they must not call Stop().
  void Subscribe(std::string channel, std::function<void(std::string message)> on_message,
                 std::function<void()> on_gap);

  bool up() const;

  // What to add to our clock's time to get Redis's, measured with each connection and as often as
  // `keepalive` says. Zero until it was up for the first time.
  absl::Duration clock_offset() const;

  const RedisCounters& counters() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;  // Its coroutines share it.
};

}  // namespace pcaps
