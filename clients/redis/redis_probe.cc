#include "clients/redis/redis_probe.h"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/redis/redis_connection.h"
#include "clients/redis/redis_server.h"

namespace pcaps {
namespace {

using Connection = std::shared_ptr<RedisConnection>;

Task<absl::StatusOr<absl::Duration>> TimePings(Connection connection, Clock& clock,
                                               absl::Duration timeout) {
  std::array<absl::Duration, 3> times;
  for (absl::Duration& time : times) {
    const absl::StatusOr<absl::Duration> ping = co_await PingRedis(connection, clock, timeout);
    if (!ping.ok()) co_return ping.status();
    time = *ping;
  }
  std::sort(times.begin(), times.end());
  co_return times[1];
}

// What the gateway needs, on a key and a channel that nobody else uses. SET with XX sets no key
// that is not there, and is refused all the same where no write would be taken.
Task<absl::Status> TryToWork(Connection connection, std::string key_prefix,
                             absl::Duration timeout) {
  constexpr char kScript[] = "return redis.call('SET', KEYS[1], '', 'XX')";
  constexpr char kUnknownScript[] = "0000000000000000000000000000000000000000";
  const std::string name = absl::StrCat(key_prefix, ":doctor");
  const std::vector<std::vector<std::string>> commands = {{"SET", name, "", "XX"},
                                                          {"EVAL", kScript, "1", name},
                                                          {"EVALSHA", kUnknownScript, "1", name},
                                                          {"PUBLISH", name, ""},
                                                          {"TIME"},
                                                          {"SUBSCRIBE", name}};
  for (const std::vector<std::string>& command : commands) {
    const auto reply = co_await RedisConnection::Ask(connection, command, timeout);
    if (!reply.ok() && !absl::IsNotFound(reply.status())) co_return reply.status();
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<RedisReport>> Examine(Connection connection, Clock& clock,
                                          RedisProbeOptions options) {
  const absl::Duration timeout = options.answer_timeout;
  const absl::Status logged_in =
      co_await LogInToRedis(connection, options.username, options.password, timeout);
  if (!logged_in.ok()) co_return logged_in;
  const absl::StatusOr<absl::Duration> ping = co_await TimePings(connection, clock, timeout);
  if (!ping.ok()) co_return ping.status();
  const absl::Status selected =
      co_await SelectRedisDatabase(connection, options.address.database, timeout);
  if (!selected.ok()) co_return selected;
  absl::StatusOr<RedisReport> report = co_await AskRedisInfo(connection, timeout);
  if (!report.ok()) co_return report;
  report->ping = *ping;
  // Which says enough.
  if (report->mode != "standalone" || report->role != "master") co_return report;
  const absl::Status works = co_await TryToWork(connection, options.key_prefix, timeout);
  if (!works.ok()) co_return works;
  co_return report;
}

Task<absl::StatusOr<RedisReport>> Probe(Loop loop, Clock& clock, RedisProbeOptions options) {
  RedisConnectionOptions how;
  how.address = options.address;
  how.ca_file = options.ca_file;
  how.connect_timeout = options.connect_timeout;
  how.tls_timeout = options.answer_timeout;
  const absl::StatusOr<Connection> connection =
      co_await RedisConnection::Open(loop, clock, std::move(how));
  if (!connection.ok()) co_return connection.status();
  absl::StatusOr<RedisReport> report = co_await Examine(*connection, clock, std::move(options));
  (*connection)->Close(absl::UnavailableError("the probe is over"));
  co_return report;
}

}  // namespace

absl::StatusOr<RedisReport> ProbeRedis(const RedisProbeOptions& options) {
  boost::asio::io_context loop(1);
  SystemClock clock;
  absl::StatusOr<RedisReport> result = absl::InternalError("the probe did not end");
  Spawn(loop.get_executor(), {}, Probe(loop.get_executor(), clock, options),
        [&](absl::StatusOr<RedisReport> report) { result = std::move(report); });
  loop.run();
  return result;
}

}  // namespace pcaps
