#include "clients/redis/redis_probe.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/base/tcp_dial.h"
#include "clients/redis/redis_tls.h"

namespace pcaps {
namespace {

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

absl::Status ConnectionError(const redisContext& context) {
  if (context.err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return absl::DeadlineExceededError("it accepts the connection and then gives no answer");
  }
  return absl::UnavailableError(absl::StrCat("the connection broke: ", CleanText(context.errstr)));
}

// Redis puts the kind of an error in front of it.
absl::Status ErrorOf(absl::string_view text) {
  const std::string words = CleanText(text);
  // NOAUTH; "ERR AUTH called without any password configured"; "ERR invalid password" before
  // Redis 6.
  if (absl::StartsWith(text, "WRONGPASS") || absl::StrContains(text, "AUTH") ||
      absl::StrContains(text, "invalid password")) {
    return absl::UnauthenticatedError(words);
  }
  // Of a command within a script Redis 6 and 7 tell it in words of their own.
  if (absl::StartsWith(text, "NOPERM") || absl::StrContains(text, "can't run this command") ||
      absl::StrContains(text, "ACL failure")) {
    return absl::PermissionDeniedError(words);
  }
  if (absl::StartsWith(text, "OOM")) return absl::ResourceExhaustedError(words);
  if (absl::StartsWith(text, "NOREPLICAS")) return absl::AbortedError(words);
  if (absl::StartsWith(text, "LOADING")) return absl::FailedPreconditionError(words);
  return absl::InternalError(words);
}

// The text of the answer.
absl::StatusOr<std::string> Ask(redisContext& context,
                                const std::vector<absl::string_view>& words) {
  std::vector<const char*> arguments;
  std::vector<size_t> lengths;
  for (const absl::string_view word : words) {
    arguments.push_back(word.data());
    lengths.push_back(word.size());
  }
  errno = 0;
  const Reply reply(
      static_cast<redisReply*>(redisCommandArgv(&context, static_cast<int>(arguments.size()),
                                                arguments.data(), lengths.data())),
      freeReplyObject);
  if (reply == nullptr) return ConnectionError(context);
  const absl::string_view text(reply->str != nullptr ? reply->str : "", reply->len);
  if (reply->type == REDIS_REPLY_ERROR) return ErrorOf(text);
  return std::string(text);
}

absl::Status LogIn(redisContext& context, const RedisProbeOptions& options) {
  if (options.password.empty()) return absl::OkStatus();
  if (options.username.empty()) return Ask(context, {"AUTH", options.password}).status();
  return Ask(context, {"AUTH", options.username, options.password}).status();
}

absl::StatusOr<absl::Duration> TimePings(redisContext& context) {
  std::array<absl::Duration, 3> times;
  for (absl::Duration& time : times) {
    const absl::Time begin = absl::Now();
    const absl::StatusOr<std::string> pong = Ask(context, {"PING"});
    if (!pong.ok()) return pong.status();
    time = absl::Now() - begin;
  }
  std::sort(times.begin(), times.end());
  return times[1];
}

// "role:master" lines under "# Replication" headings.
RedisReport ReadInfo(absl::string_view info) {
  RedisReport report;
  std::string maxmemory;
  std::string used_memory;
  const std::array<std::pair<absl::string_view, std::string*>, 6> wanted = {
      {{"redis_version:", &report.version},
       {"redis_mode:", &report.mode},
       {"role:", &report.role},
       {"maxmemory_policy:", &report.maxmemory_policy},
       {"maxmemory:", &maxmemory},
       {"used_memory:", &used_memory}}};
  for (absl::string_view line : absl::StrSplit(info, '\n')) {
    for (const auto& [key, value] : wanted) {
      if (absl::ConsumePrefix(&line, key)) *value = CleanText(absl::StripSuffix(line, "\r"));
    }
  }
  if (!absl::SimpleAtoi(maxmemory, &report.maxmemory)) report.maxmemory = 0;
  if (!absl::SimpleAtoi(used_memory, &report.used_memory)) report.used_memory = 0;
  return report;
}

// What the gateway needs, on a key and a channel that nobody else uses. SET with XX sets no key
// that is not there, and is refused all the same where no write would be taken.
absl::Status TryToWork(redisContext& context, const std::string& key_prefix) {
  constexpr char kScript[] = "return redis.call('SET', KEYS[1], '', 'XX')";
  constexpr char kUnknownScript[] = "0000000000000000000000000000000000000000";
  const std::string name = absl::StrCat(key_prefix, ":doctor");
  const std::vector<std::vector<absl::string_view>> commands = {
      {"SET", name, "", "XX"},
      {"EVAL", kScript, "1", name},
      {"EVALSHA", kUnknownScript, "1", name},
      {"PUBLISH", name, ""}};
  for (const std::vector<absl::string_view>& command : commands) {
    const absl::Status status = Ask(context, command).status();
    if (!status.ok() && !absl::StartsWith(status.message(), "NOSCRIPT")) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RedisReport> ProbeRedis(const RedisProbeOptions& options) {
  absl::StatusOr<TcpSocket> socket =
      DialTcp(options.address.host, options.address.port, options.connect_timeout);
  if (!socket.ok()) return socket.status();
  const Context context(redisConnectFd(socket->Release()), redisFree);
  if (context == nullptr) return absl::InternalError("out of memory here");
  const timeval timeout = absl::ToTimeval(options.answer_timeout);
  if (context->err != 0 || redisSetTimeout(context.get(), timeout) != REDIS_OK) {
    return ConnectionError(*context);
  }
  if (options.address.tls) {
    const absl::Status secured = StartRedisTls(*context, options.address.host, options.ca_file);
    if (!secured.ok()) return secured;
  }
  const absl::Status logged_in = LogIn(*context, options);
  if (!logged_in.ok()) return logged_in;
  const absl::StatusOr<absl::Duration> ping = TimePings(*context);
  if (!ping.ok()) return ping.status();
  if (options.address.database != 0) {
    const std::string database = absl::StrCat(options.address.database);
    const auto selected = Ask(*context, {"SELECT", database});
    if (!selected.ok()) return selected.status();
  }
  const absl::StatusOr<std::string> info = Ask(*context, {"INFO"});
  if (!info.ok()) return info.status();
  RedisReport report = ReadInfo(*info);
  report.ping = *ping;
  if (report.mode != "standalone" || report.role != "master") return report;  // Which says enough.
  const absl::Status works = TryToWork(*context, options.key_prefix);
  if (!works.ok()) return works;
  return report;
}

}  // namespace pcaps
