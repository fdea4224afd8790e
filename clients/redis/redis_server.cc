#include "clients/redis/redis_server.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// "role:master" lines under "# Replication" headings.
RedisReport ReadInfo(absl::string_view text) {
  RedisReport info;
  std::string maxmemory;
  std::string used_memory;
  const std::array<std::pair<absl::string_view, std::string*>, 7> wanted = {
      {{"redis_version:", &info.version},
       {"redis_mode:", &info.mode},
       {"server_mode:", &info.mode},  // Valkey's.
       {"role:", &info.role},
       {"maxmemory_policy:", &info.maxmemory_policy},
       {"maxmemory:", &maxmemory},
       {"used_memory:", &used_memory}}};
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    for (const auto& [key, value] : wanted) {
      if (absl::ConsumePrefix(&line, key)) *value = CleanText(absl::StripSuffix(line, "\r"));
    }
  }
  if (!absl::SimpleAtoi(maxmemory, &info.maxmemory)) info.maxmemory = 0;
  if (!absl::SimpleAtoi(used_memory, &info.used_memory)) info.used_memory = 0;
  return info;
}

}  // namespace

Task<absl::Status> LogInToRedis(std::shared_ptr<RedisConnection> connection, std::string username,
                                std::string password, absl::Duration timeout) {
  if (password.empty()) co_return absl::OkStatus();
  std::vector<std::string> command = {"AUTH", std::move(username), std::move(password)};
  if (command[1].empty()) command.erase(command.begin() + 1);
  const auto reply = co_await RedisConnection::Ask(connection, std::move(command), timeout);
  const absl::StatusCode code = reply.status().code();
  if (code == absl::StatusCode::kInternal) {
    // Whoever does not know AUTH says so with what it was sent: the password.
    co_return absl::Status(code, "it does not take AUTH as a Redis does");
  }
  co_return reply.status();
}

Task<absl::Status> SelectRedisDatabase(std::shared_ptr<RedisConnection> connection, int database,
                                       absl::Duration timeout) {
  if (database == 0) co_return absl::OkStatus();
  std::vector<std::string> command = {"SELECT", absl::StrCat(database)};
  const auto reply = co_await RedisConnection::Ask(connection, std::move(command), timeout);
  co_return reply.status();
}

Task<absl::StatusOr<RedisReport>> AskRedisInfo(std::shared_ptr<RedisConnection> connection,
                                               absl::Duration timeout) {
  std::vector<std::string> command = {"INFO"};
  const auto reply = co_await RedisConnection::Ask(connection, std::move(command), timeout);
  if (!reply.ok()) co_return reply.status();
  co_return ReadInfo(reply->text);
}

Task<absl::StatusOr<absl::Duration>> PingRedis(std::shared_ptr<RedisConnection> connection,
                                               Clock& clock, absl::Duration timeout) {
  const absl::Time begin = clock.Now();
  std::vector<std::string> command = {"PING"};
  const auto reply = co_await RedisConnection::Ask(connection, std::move(command), timeout);
  if (!reply.ok()) co_return reply.status();
  co_return clock.Now() - begin;
}

Task<absl::StatusOr<absl::Duration>> AskRedisClockOffset(
    std::shared_ptr<RedisConnection> connection, Clock& clock, absl::Duration timeout) {
  const absl::Time begin = clock.Now();
  std::vector<std::string> command = {"TIME"};
  const auto reply = co_await RedisConnection::Ask(connection, std::move(command), timeout);
  if (!reply.ok()) co_return reply.status();
  const absl::Time end = clock.Now();
  int64_t seconds = 0;
  int64_t micros = 0;
  if (reply->elements.size() != 2 || !absl::SimpleAtoi(reply->elements[0].text, &seconds) ||
      !absl::SimpleAtoi(reply->elements[1].text, &micros)) {
    co_return absl::InternalError("it does not tell its time");
  }
  const absl::Time theirs = absl::FromUnixSeconds(seconds) + absl::Microseconds(micros);
  co_return theirs - (begin + (end - begin) / 2);
}

}  // namespace pcaps
