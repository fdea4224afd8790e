#include "clients/gateway/pcapctl/doctor/redis_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/secret_file.h"

namespace pcaps::pcapctl {
namespace {

// Longer than any command_timeout that makes sense, so that a slow Redis is told from a dead one.
constexpr absl::Duration kPatience = absl::Seconds(1);

constexpr char kFullFix[] =
    "raise maxmemory, or give the gateway a Redis of its own: what is full takes no writes";

const Check kRedis{"redis"};

// What the gateway does with Redis, in the words of Redis's ACL.
std::string AclFor(const Config::State& state) {
  const std::string user = state.username.empty() ? "default" : state.username;
  return absl::StrCat("ACL SETUSER ", user, " ~", state.key_prefix, ":* &", state.key_prefix,
                      ":* +@read +@write +@scripting +@pubsub +@connection +info +time");
}

Finding JudgeError(const absl::Status& status, const Config::State& state) {
  const std::string words(status.message());
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return kRedis.Fail(words, "correct the name in state.redis_url, or this host's DNS");
    case absl::StatusCode::kUnauthenticated:
      return kRedis.Fail(words,
                         "put the password of state.username (or of the default user) into "
                         "state.password_file; leave both empty when Redis has none");
    case absl::StatusCode::kPermissionDenied:
      return kRedis.Fail(words,
                         absl::StrCat("let the gateway's user do its work: ", AclFor(state)));
    case absl::StatusCode::kResourceExhausted:
      return kRedis.Fail(words, kFullFix);
    case absl::StatusCode::kAborted:
      return kRedis.Fail(
          words,
          "start its replicas, or lower min-replicas-to-write, or let it save to its disk: "
          "it takes no writes");
    case absl::StatusCode::kFailedPrecondition:
      return kRedis.Fail(words,
                         "wait: it reads its data from disk after a start, or runs a long script");
    case absl::StatusCode::kDeadlineExceeded:
      return kRedis.Fail(
          words,
          "look at its host: is it stopped, out of CPU, swapping, behind a firewall, "
          "or does it want TLS (rediss://)?");
    case absl::StatusCode::kInvalidArgument:
      return kRedis.Fail(words, "correct state.ca_file, or put the PEM bundle there");
    case absl::StatusCode::kUnavailable:
      return kRedis.Fail(words,
                         "start Redis, or correct state.redis_url (rediss:// where it speaks TLS) "
                         "and state.ca_file");
    default:
      return kRedis.Fail(words, "correct state.redis_url: this is no Redis, or not as needed");
  }
}

}  // namespace

Finding JudgeRedis(const absl::StatusOr<RedisReport>& report, const Config::State& state) {
  if (!report.ok()) return JudgeError(report.status(), state);
  const std::string ping = absl::FormatDuration(absl::Trunc(report->ping, absl::Microseconds(10)));
  if (report->mode != "standalone") {
    return kRedis.Fail(absl::StrCat("it runs in ", report->mode, " mode"),
                       "use a Redis that is neither cluster nor sentinel: one master");
  }
  if (report->role != "master") {
    return kRedis.Fail("it is a replica, which cannot be written",
                       "point state.redis_url at the master");
  }
  const bool evicts = !report->maxmemory_policy.empty() && report->maxmemory_policy != "noeviction";
  if (!evicts && report->maxmemory > 0 && report->used_memory >= report->maxmemory) {
    return kRedis.Fail(absl::StrCat("its memory is full: ", report->used_memory, " of ",
                                    report->maxmemory, " bytes"),
                       kFullFix);
  }
  if (report->ping > state.command_timeout) {
    return kRedis.Fail(absl::StrCat("PING takes ", ping, ", more than state.command_timeout (",
                                    absl::FormatDuration(state.command_timeout), ")"),
                       "bring Redis nearer or relieve it; else raise state.command_timeout");
  }
  const std::string told = absl::StrCat("Redis ", report->version, ", PING takes ", ping);
  if (evicts) {
    return kRedis.Warn(absl::StrCat(told, "; its maxmemory-policy ", report->maxmemory_policy,
                                    " can evict the memory of creates"),
                       "CONFIG SET maxmemory-policy noeviction, or a Redis of the gateway's own");
  }
  if (!state.password_file.empty() && IsWorldReadable(state.password_file)) {
    return kRedis.Warn(
        absl::StrCat(told, "; every user of this machine can read ", state.password_file),
        absl::StrCat("chmod o= ", state.password_file));
  }
  return kRedis.Ok(told);
}

Finding CheckRedis(const Config::State& state) {
  if (state.redis_url.empty()) {
    return kRedis.Skip("state.redis_url is not set: state is in each gateway's memory");
  }
  RedisProbeOptions options;
  const absl::StatusOr<RedisAddress> address = ParseRedisUrl(state.redis_url);
  if (!address.ok()) {
    return kRedis.Fail(absl::StrCat("state.redis_url ", std::string(address.status().message())),
                       "correct state.redis_url");
  }
  if (!state.password_file.empty()) {
    absl::StatusOr<std::string> password = ReadSecretFile(state.password_file);
    if (!password.ok()) {
      return kRedis.Fail(std::string(password.status().message()),
                         "put the password there, and let the gateway's user read it, or correct "
                         "state.password_file");
    }
    options.password = *std::move(password);
  }
  options.address = *address;
  options.username = state.username;
  options.ca_file = state.ca_file;
  options.key_prefix = state.key_prefix;
  options.connect_timeout = state.connect_timeout;
  options.answer_timeout = std::max(state.command_timeout, kPatience);
  return JudgeRedis(ProbeRedis(options), state);
}

}  // namespace pcaps::pcapctl
