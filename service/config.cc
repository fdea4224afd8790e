#include "service/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/redis/redis_url.h"
#include "service/config_checks.h"
#include "service/yaml_section.h"

namespace pcaps {
namespace {

constexpr absl::Duration kMillisecond = absl::Milliseconds(1);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr double kMinRate = 0.001;    // A request in a quarter of an hour.
constexpr double kMaxRate = 1e6;      // More than a process serves: no limit.
constexpr size_t kMaxKeyPrefix = 64;  // It is part of every key.

// No '*' or '{': they mean something to Redis.
bool IsKeyCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-_.:", c);
}

void ReadLimits(YamlSection& section, Config::Limits& limits) {
  section.Read("max_concurrent_streams", &limits.max_concurrent_streams, 1, 1000000);
  section.Read("max_connections", &limits.max_connections, 1, 1000000);
  section.Read("max_connections_per_peer", &limits.max_connections_per_peer, 1, 1000000);
  section.Read("max_unary_in_flight", &limits.max_unary_in_flight, 1, 1000000);
  section.Read("max_connection_age", &limits.max_connection_age, absl::Seconds(1), kDay);
  section.Read("min_client_ping_interval", &limits.min_client_ping_interval, absl::Seconds(1),
               absl::Hours(1));
  section.Read("flood_guard", &limits.flood_guard);
}

void ReadBudgets(YamlSection& section, Config::Upstream& upstream) {
  std::vector<Config::Budget> budgets;
  std::set<std::string> names;
  section.ReadEach("budgets", [&](YamlSection& item) {
    Config::Budget& budget = budgets.emplace_back();
    item.Read("name", &budget.name);
    item.Read("requests_per_second", &budget.requests_per_second, kMinRate, kMaxRate);
    item.Read("burst", &budget.burst, 1, kMaxRate);
    if (!names.insert(budget.name).second) item.Fail("name", "is another budget's, too");
  });
  if (!budgets.empty()) upstream.budgets = std::move(budgets);
}

void ReadUpstream(YamlSection& section, Config::Upstream& upstream) {
  section.Read("base_url", &upstream.base_url);
  section.Read("ca_file", &upstream.ca_file);
  section.Read("proxy", &upstream.proxy);
  section.Read("allow_plaintext", &upstream.allow_plaintext);
  section.Read("connect_timeout", &upstream.connect_timeout, kMillisecond, absl::Minutes(1));
  section.Read("request_timeout", &upstream.request_timeout, absl::Milliseconds(10),
               absl::Minutes(5));
  section.Read("max_in_flight", &upstream.max_in_flight, 1, 10000);
  ReadBudgets(section, upstream);
  std::vector<Config::Credential> credentials;
  section.ReadEach("credentials", [&](YamlSection& item) {
    Config::Credential& credential = credentials.emplace_back();
    item.Read("name", &credential.name);
    item.Read("token_file", &credential.token_file);
    item.Read("accounts", &credential.accounts);
    item.Read("budget", &credential.budget);
  });
  if (!credentials.empty()) upstream.credentials = std::move(credentials);
  section.Read("retry", [&](YamlSection& retry) {
    retry.Read("max_attempts", &upstream.retry.max_attempts, 1, 10);
    retry.Read("base_backoff", &upstream.retry.base_backoff, kMillisecond, absl::Minutes(1));
    retry.Read("max_backoff", &upstream.retry.max_backoff, kMillisecond, absl::Minutes(1));
    retry.Read("budget_ratio", &upstream.retry.budget_ratio, 0, 1);
  });
  section.Read("rules", [&](YamlSection& rules) {
    rules.Read("simple_create_interval", &upstream.rules.simple_create_interval,
               absl::ZeroDuration(), absl::Hours(1));
    rules.Read("one_full_at_a_time", &upstream.rules.one_full_at_a_time);
    rules.Read("full_time_limit_max", &upstream.rules.full_time_limit_max, absl::Seconds(1), kDay);
  });
  CheckBaseUrl(section, upstream);
  CheckProxy(section, upstream.proxy);
  CheckCredentials(section, upstream);
}

void ReadState(YamlSection& section, Config::State& state) {
  section.Read("redis_url", &state.redis_url);
  section.Read("username", &state.username);
  section.Read("password_file", &state.password_file);
  section.Read("ca_file", &state.ca_file);
  section.Read("key_prefix", &state.key_prefix);
  section.Read("connect_timeout", &state.connect_timeout, kMillisecond, absl::Minutes(1));
  section.Read("command_timeout", &state.command_timeout, kMillisecond, absl::Seconds(10));
  section.Read("max_replicas", &state.max_replicas, 1, 1000);
  if (state.key_prefix.empty() || state.key_prefix.size() > kMaxKeyPrefix ||
      !std::all_of(state.key_prefix.begin(), state.key_prefix.end(), IsKeyCharacter)) {
    section.Fail("key_prefix", "must be 1 to 64 letters, digits, '-', '_', '.' or ':'");
  }
  if (!state.username.empty() && state.password_file.empty()) {
    section.Fail("username", "is of use with password_file only");
  }
  if (state.redis_url.empty()) return;
  const absl::StatusOr<RedisAddress> address = ParseRedisUrl(state.redis_url);
  if (!address.ok()) {
    section.Fail("redis_url", address.status().message());
  } else if (!state.ca_file.empty() && !address->tls) {
    section.Fail("ca_file", "is of use with a rediss:// redis_url only");
  }
}

void ReadCache(YamlSection& section, Config::Cache& cache) {
  for (const auto& [key, ttl] : {std::pair{"terminal_ttl", &cache.terminal_ttl},
                                 {"active_ttl", &cache.active_ttl},
                                 {"list_ttl", &cache.list_ttl},
                                 {"not_found_ttl", &cache.not_found_ttl},
                                 {"stale_ttl", &cache.stale_ttl}}) {
    section.Read(key, ttl, absl::ZeroDuration(), 30 * kDay);
  }
  section.Read("max_entries", &cache.max_entries, 0, 100'000'000);
}

void ReadRate(YamlSection& section, Config::Rate& rate) {
  section.Read("requests_per_second", &rate.requests_per_second, 0, kMaxRate);
  section.Read("burst", &rate.burst, 1, kMaxRate);
}

void ReadRateLimit(YamlSection& section, Config::RateLimit& rate_limit) {
  ReadRate(section, rate_limit);
  section.ReadNamed("accounts", [&](const std::string& account_id, YamlSection& item) {
    Config::Rate& rate = rate_limit.accounts[account_id];
    rate = rate_limit;
    ReadRate(item, rate);
  });
}

void ReadWatch(YamlSection& section, Config::Watch& watch) {
  section.Read("min_poll_interval", &watch.min_poll_interval, absl::Milliseconds(10),
               absl::Minutes(5));
  section.Read("max_poll_interval", &watch.max_poll_interval, absl::Milliseconds(10),
               absl::Minutes(5));
  section.Read("heartbeat_interval", &watch.heartbeat_interval, absl::Seconds(1), absl::Minutes(5));
  section.Read("max_duration", &watch.max_duration, absl::Seconds(1), kDay);
  section.Read("max_streams", &watch.max_streams, 1, 1000000);
  section.Read("max_streams_per_account", &watch.max_streams_per_account, 1, 1000000);
  if (watch.max_poll_interval < watch.min_poll_interval) {
    section.Fail("max_poll_interval", "must not be less than min_poll_interval");
  }
}

void ReadDownload(YamlSection& section, Config::Download& download) {
  section.Read("threads", &download.threads, 1, 64);
  section.ReadSize("chunk_size", &download.chunk_size, 1 << 10, 1 << 20);
  section.ReadSize("cache_size", &download.cache_size, 0, int64_t{16} << 30);
  section.ReadSize("whole_max", &download.whole_max, 64 << 10, 256 << 20);
  section.ReadSize("buffer", &download.buffer, 64 << 10, 64 << 20);
  section.Read("upstream_stall_timeout", &download.upstream_stall_timeout, kMillisecond,
               absl::Minutes(10));
  section.Read("reader_stall_timeout", &download.reader_stall_timeout, kMillisecond,
               absl::Minutes(60));
  section.Read("max_streams", &download.max_streams, 1, 10000);
}

void ReadFile(YamlSection& file, Config& config) {
  file.Read("listen", &config.listen);
  file.Read("admin_listen", &config.admin_listen);
  file.Read("reflection", &config.reflection);
  file.Read("tls", [&](YamlSection& tls) {
    tls.Read("cert_file", &config.tls.cert_file);
    tls.Read("key_file", &config.tls.key_file);
    tls.Read("client_ca_file", &config.tls.client_ca_file);
    CheckTls(tls, config.tls);
  });
  file.Read("auth", [&](YamlSection& auth) {
    auth.Read<Config::AuthMode>("mode", &config.auth.mode,
                                {{"none", Config::AuthMode::kNone},
                                 {"mtls", Config::AuthMode::kMtls},
                                 {"token", Config::AuthMode::kToken}});
    auth.Read("callers_file", &config.auth.callers_file);
    auth.Read("allow_insecure", &config.auth.allow_insecure);
    auth.Read("open_health", &config.auth.open_health);
  });
  file.Read("limits", [&](YamlSection& section) { ReadLimits(section, config.limits); });
  file.Read("upstream", [&](YamlSection& section) { ReadUpstream(section, config.upstream); });
  file.Read("state", [&](YamlSection& section) { ReadState(section, config.state); });
  file.Read("cache", [&](YamlSection& section) { ReadCache(section, config.cache); });
  file.Read("rate_limit", [&](YamlSection& section) { ReadRateLimit(section, config.rate_limit); });
  file.Read("watch", [&](YamlSection& section) { ReadWatch(section, config.watch); });
  file.Read("download", [&](YamlSection& section) { ReadDownload(section, config.download); });
  file.Read("drain", [&](YamlSection& drain) {
    drain.Read("delay", &config.drain.delay, absl::ZeroDuration(), absl::Minutes(10));
    drain.Read("timeout", &config.drain.timeout, kMillisecond, absl::Minutes(10));
    if (config.drain.timeout <= config.upstream.request_timeout) {
      drain.Fail("timeout", absl::StrCat("must exceed upstream.request_timeout (",
                                         absl::FormatDuration(config.upstream.request_timeout),
                                         "), or calls are cut off"));
    }
  });
  file.Read("log", [&](YamlSection& log) {
    log.Read<LogLevel>("level", &config.log.level,
                       {{"debug", LogLevel::kDebug},
                        {"info", LogLevel::kInfo},
                        {"warn", LogLevel::kWarn},
                        {"error", LogLevel::kError}});
    log.Read<LogFormat>("format", &config.log.format,
                        {{"json", LogFormat::kJson}, {"text", LogFormat::kText}});
  });
  CheckListen(file, config);
  CheckAdminListen(file, config);
  CheckAuth(file, config);
  file.RejectUnknownKeys();
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::string& yaml, const std::string& name) {
  Config config;
  std::vector<std::string> errors;
  try {  // yaml-cpp throws; nothing of it leaves this function.
    YamlSection file(YAML::Load(yaml), "", errors);
    ReadFile(file, config);
  } catch (const YAML::Exception& error) {
    errors.push_back(SyntaxError(error));
  }
  if (errors.empty()) return config;
  return YamlErrors(name, errors);
}

absl::StatusOr<Config> LoadConfig(const std::string& file) {
  if (file.empty()) return Config();
  std::error_code unreadable;
  if (std::filesystem::is_directory(file, unreadable)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the configuration file ", file, " is a directory"));
  }
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read the configuration file ", file));
  }
  return ParseConfig(text.str(), file);
}

const char* AuthModeName(Config::AuthMode mode) {
  switch (mode) {
    case Config::AuthMode::kNone:
      return "none";
    case Config::AuthMode::kMtls:
      return "mtls";
    case Config::AuthMode::kToken:
      break;
  }
  return "token";
}

}  // namespace pcaps
