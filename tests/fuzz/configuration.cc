// Configurations: what is accepted can be run with, and each error says where it is. Input: YAML.
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "clients/redis/redis_url.h"
#include "service/config.h"
#include "tests/fuzz/property.h"
#include "tests/fuzz/yaml_errors.h"

namespace pcaps {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

template <typename Value>
void InRange(absl::string_view what, Value value, Value min, Value max) {
  Require(value >= min && value <= max, what);
}

void CheckBorder(const Config& config) {
  const bool open = !IsLoopback(config.listen) && !config.auth.allow_insecure;
  const bool tls = !config.tls.cert_file.empty() && !config.tls.key_file.empty();
  Require(!open || config.auth.mode != Config::AuthMode::kNone, "strangers are asked who they are");
  Require(!open || tls, "what strangers show is not shown to others");
  Require(config.auth.mode == Config::AuthMode::kNone || !config.auth.callers_file.empty(),
          "who may call is known");
  Require(
      config.auth.mode != Config::AuthMode::kMtls || (tls && !config.tls.client_ca_file.empty()),
      "somebody vouches for callers' certificates");
  for (const int limit :
       {config.limits.max_concurrent_streams, config.limits.max_connections,
        config.limits.max_connections_per_peer, config.limits.max_unary_in_flight}) {
    InRange("limits", limit, 1, 1000000);
  }
  InRange("max_connection_age", config.limits.max_connection_age, absl::Seconds(1), kDay);
}

void CheckUpstream(const Config::Upstream& upstream) {
  Require(absl::StartsWithIgnoreCase(upstream.base_url, "https://") ||
              absl::StartsWithIgnoreCase(upstream.base_url, "http://"),
          "the upstream is HTTP", upstream.base_url);
  Require(!absl::StrContains(upstream.base_url, "@"), "a URL has no user", upstream.base_url);
  InRange("connect_timeout", upstream.connect_timeout, absl::Milliseconds(1), absl::Minutes(1));
  InRange("request_timeout", upstream.request_timeout, absl::Milliseconds(10), absl::Minutes(5));
  InRange("max_in_flight", upstream.max_in_flight, 1, 10000);
  InRange("max_attempts", upstream.retry.max_attempts, 1, 10);
  InRange("budget_ratio", upstream.retry.budget_ratio, 0.0, 1.0);
  InRange("full_time_limit_max", upstream.rules.full_time_limit_max, absl::Seconds(1), kDay);
  std::set<std::string> budgets;
  for (const Config::Budget& budget : upstream.budgets) {
    InRange("requests_per_second", budget.requests_per_second, 0.001, 1e6);
    InRange("burst", budget.burst, 1.0, 1e6);
    Require(budgets.insert(budget.name).second, "a budget has a name of its own");
  }
  std::set<std::string> accounts;
  for (const Config::Credential& credential : upstream.credentials) {
    Require(budgets.count(credential.budget) == 1, "a credential has a budget");
    Require(!credential.accounts.empty(), "a credential is of use");
    for (const std::string& account : credential.accounts) {
      Require(accounts.insert(account).second, "an account has one credential");
    }
  }
  Require(!upstream.credentials.empty(), "there is a credential");
}

void CheckUseCases(const Config& config) {
  for (const absl::Duration ttl :
       {config.cache.terminal_ttl, config.cache.active_ttl, config.cache.list_ttl,
        config.cache.not_found_ttl, config.cache.stale_ttl}) {
    InRange("ttl", ttl, absl::ZeroDuration(), 30 * kDay);
  }
  InRange("max_entries", config.cache.max_entries, 0, 100'000'000);
  InRange("burst", config.rate_limit.burst, 1.0, 1e6);
  for (const auto& [account, rate] : config.rate_limit.accounts) {
    InRange("requests_per_second", rate.requests_per_second, 0.0, 1e6);
    InRange("burst", rate.burst, 1.0, 1e6);
  }
  InRange("min_poll_interval", config.watch.min_poll_interval, absl::Milliseconds(10),
          config.watch.max_poll_interval);
  InRange("max_poll_interval", config.watch.max_poll_interval, absl::Milliseconds(10),
          absl::Minutes(5));
  InRange("heartbeat_interval", config.watch.heartbeat_interval, absl::Seconds(1),
          absl::Minutes(5));
  InRange<int64_t>("chunk_size", config.download.chunk_size, 1 << 10, 1 << 20);
  InRange<int64_t>("cache_size", config.download.cache_size, 0, int64_t{16} << 30);
  InRange<int64_t>("whole_max", config.download.whole_max, 64 << 10, 256 << 20);
  InRange<int64_t>("buffer", config.download.buffer, 64 << 10, 64 << 20);
  InRange("threads", config.download.threads, 1, 64);
  Require(config.drain.timeout > config.upstream.request_timeout, "calls are not cut off");
}

void CheckState(const Config::State& state) {
  InRange<size_t>("key_prefix", state.key_prefix.size(), 1, 64);
  Require(state.key_prefix.find_first_of("*?[]{} \r\n") == std::string::npos,
          "a prefix is part of a key", state.key_prefix);
  InRange("command_timeout", state.command_timeout, absl::Milliseconds(1), absl::Seconds(10));
  InRange("max_replicas", state.max_replicas, 1, 1000);
  Require(state.redis_url.empty() || ParseRedisUrl(state.redis_url).ok(), "there may be a Redis");
}

void Feed(const std::string& yaml) {
  const absl::StatusOr<Config> config = ParseConfig(yaml, "file");
  if (!config.ok()) return CheckYamlErrors(config.status().message(), yaml);
  CheckBorder(*config);
  CheckUpstream(config->upstream);
  CheckState(config->state);
  CheckUseCases(*config);
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pcaps::Feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
