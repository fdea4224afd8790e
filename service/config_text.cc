#include "service/config_text.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pcaps {
namespace {

// Whatever stands before the last '@': a password that should have been escaped may hold any other.
std::string Redacted(const std::string& url) {
  const size_t at = url.rfind('@');
  if (at == std::string::npos) return url;
  const size_t scheme = url.find("://");
  const bool has_scheme = scheme != std::string::npos && scheme < at;
  return absl::StrCat(has_scheme ? url.substr(0, scheme + 3) : "", "REDACTED", url.substr(at));
}

// The shortest that reads as the same number.
std::string Number(double number) {
  std::array<char, 400> text;  // The longest double has some 310 digits before its point.
  const auto end = std::to_chars(text.begin(), text.end(), number, std::chars_format::fixed).ptr;
  return std::string(text.begin(), end);
}

std::string Size(int64_t bytes) {
  for (const auto& [unit, name] :
       {std::pair(int64_t{1} << 30, "GiB"), {1 << 20, "MiB"}, {1 << 10, "KiB"}}) {
    if (bytes > 0 && bytes % unit == 0) return absl::StrCat(bytes / unit, name);
  }
  return absl::StrCat(bytes);
}

std::string FormatName(LogFormat format) { return format == LogFormat::kJson ? "json" : "text"; }

// A mapping, which is being written while this lives.
class YamlMap {
 public:
  explicit YamlMap(YAML::Emitter& out) : out_(out) { out_ << YAML::BeginMap; }
  ~YamlMap() { out_ << YAML::EndMap; }
  YamlMap(const YamlMap&) = delete;
  YamlMap& operator=(const YamlMap&) = delete;

  YAML::Emitter& At(const std::string& key) { return out_ << YAML::Key << key << YAML::Value; }
  // A mapping in one line.
  YamlMap LineAt(const std::string& key) { return YamlMap(At(key) << YAML::Flow); }

  void Put(const char* key, const std::string& text) { At(key) << text; }
  void Put(const char* key, const char* text) { At(key) << text; }  // Which would be a bool.
  void Put(const char* key, bool value) { At(key) << value; }
  void Put(const char* key, int number) { At(key) << number; }
  void Put(const char* key, double number) { At(key) << Number(number); }
  void Put(const char* key, absl::Duration time) { At(key) << absl::FormatDuration(time); }

 private:
  YAML::Emitter& out_;
};

void PutTls(YamlMap map, const Config::Tls& tls) {
  map.Put("cert_file", tls.cert_file);
  map.Put("key_file", tls.key_file);
  map.Put("client_ca_file", tls.client_ca_file);
}

void PutAuth(YamlMap map, const Config::Auth& auth) {
  map.Put("mode", AuthModeName(auth.mode));
  map.Put("callers_file", auth.callers_file);
  map.Put("allow_insecure", auth.allow_insecure);
  map.Put("open_health", auth.open_health);
}

void PutLimits(YamlMap map, const Config::Limits& limits) {
  map.Put("max_concurrent_streams", limits.max_concurrent_streams);
  map.Put("max_connections", limits.max_connections);
  map.Put("max_connections_per_peer", limits.max_connections_per_peer);
  map.Put("max_unary_in_flight", limits.max_unary_in_flight);
  map.Put("max_connection_age", limits.max_connection_age);
  map.Put("min_client_ping_interval", limits.min_client_ping_interval);
  map.Put("flood_guard", limits.flood_guard);
}

void PutBudget(YamlMap map, const Config::Budget& budget) {
  map.Put("name", budget.name);
  map.Put("requests_per_second", budget.requests_per_second);
  map.Put("burst", budget.burst);
}

void PutCredential(YamlMap map, const Config::Credential& credential) {
  map.Put("name", credential.name);
  map.Put("token_file", credential.token_file);
  map.At("accounts") << credential.accounts;
  map.Put("budget", credential.budget);
}

void PutRetry(YamlMap map, const Config::Upstream::Retry& retry) {
  map.Put("max_attempts", retry.max_attempts);
  map.Put("base_backoff", retry.base_backoff);
  map.Put("max_backoff", retry.max_backoff);
  map.Put("budget_ratio", retry.budget_ratio);
}

void PutRules(YamlMap map, const Config::Upstream::Rules& rules) {
  map.Put("simple_create_interval", rules.simple_create_interval);
  map.Put("one_full_at_a_time", rules.one_full_at_a_time);
  map.Put("full_time_limit_max", rules.full_time_limit_max);
}

void PutUpstream(YAML::Emitter& out, const Config::Upstream& upstream) {
  YamlMap map(out);
  map.Put("base_url", Redacted(upstream.base_url));
  map.Put("ca_file", upstream.ca_file);
  map.Put("proxy", Redacted(upstream.proxy));
  map.Put("allow_plaintext", upstream.allow_plaintext);
  map.Put("connect_timeout", upstream.connect_timeout);
  map.Put("request_timeout", upstream.request_timeout);
  map.Put("max_in_flight", upstream.max_in_flight);
  map.At("budgets") << YAML::BeginSeq;
  for (const Config::Budget& budget : upstream.budgets) {
    PutBudget(YamlMap(out << YAML::Flow), budget);
  }
  out << YAML::EndSeq;
  map.At("credentials") << YAML::BeginSeq;
  for (const Config::Credential& credential : upstream.credentials) {
    PutCredential(YamlMap(out << YAML::Flow), credential);
  }
  out << YAML::EndSeq;
  PutRetry(map.LineAt("retry"), upstream.retry);
  PutRules(map.LineAt("rules"), upstream.rules);
}

void PutWatch(YamlMap map, const Config::Watch& watch) {
  map.Put("min_poll_interval", watch.min_poll_interval);
  map.Put("max_poll_interval", watch.max_poll_interval);
  map.Put("heartbeat_interval", watch.heartbeat_interval);
  map.Put("max_duration", watch.max_duration);
  map.Put("max_streams", watch.max_streams);
  map.Put("max_streams_per_account", watch.max_streams_per_account);
}

void PutDownload(YamlMap map, const Config::Download& download) {
  map.Put("threads", download.threads);
  map.Put("chunk_size", Size(download.chunk_size));
  map.Put("cache_size", Size(download.cache_size));
  map.Put("whole_max", Size(download.whole_max));
  map.Put("buffer", Size(download.buffer));
  map.Put("upstream_stall_timeout", download.upstream_stall_timeout);
  map.Put("reader_stall_timeout", download.reader_stall_timeout);
  map.Put("max_streams", download.max_streams);
}

void PutState(YamlMap map, const Config::State& state) {
  map.Put("redis_url", Redacted(state.redis_url));
  map.Put("username", state.username);
  map.Put("password_file", state.password_file);
  map.Put("ca_file", state.ca_file);
  map.Put("key_prefix", state.key_prefix);
  map.Put("connect_timeout", state.connect_timeout);
  map.Put("command_timeout", state.command_timeout);
  map.Put("max_replicas", state.max_replicas);
}

void PutCache(YamlMap map, const Config::Cache& cache) {
  map.Put("terminal_ttl", cache.terminal_ttl);
  map.Put("active_ttl", cache.active_ttl);
  map.Put("list_ttl", cache.list_ttl);
  map.Put("not_found_ttl", cache.not_found_ttl);
  map.Put("stale_ttl", cache.stale_ttl);
  map.Put("max_entries", cache.max_entries);
}

void PutRate(YamlMap& map, const Config::Rate& rate) {
  map.Put("requests_per_second", rate.requests_per_second);
  map.Put("burst", rate.burst);
}

void PutRateLimit(YamlMap map, const Config::RateLimit& rate_limit) {
  PutRate(map, rate_limit);
  YamlMap accounts = map.LineAt("accounts");
  for (const auto& [account_id, rate] : rate_limit.accounts) {
    YamlMap account = accounts.LineAt(account_id);
    PutRate(account, rate);
  }
}

void PutDrain(YamlMap map, const Config::Drain& drain) {
  map.Put("delay", drain.delay);
  map.Put("timeout", drain.timeout);
}

void PutLog(YamlMap map, const Config::LogOptions& log) {
  map.Put("level", std::string(LevelName(log.level)));
  map.Put("format", FormatName(log.format));
}

void PutAll(YAML::Emitter& out, const Config& config) {
  YamlMap map(out);
  map.Put("listen", config.listen);
  map.Put("admin_listen", config.admin_listen);
  map.Put("reflection", config.reflection);
  PutTls(map.LineAt("tls"), config.tls);
  PutAuth(map.LineAt("auth"), config.auth);
  PutLimits(map.LineAt("limits"), config.limits);
  PutUpstream(map.At("upstream"), config.upstream);
  PutWatch(map.LineAt("watch"), config.watch);
  PutDownload(map.LineAt("download"), config.download);
  PutState(map.LineAt("state"), config.state);
  PutCache(map.LineAt("cache"), config.cache);
  PutRateLimit(map.LineAt("rate_limit"), config.rate_limit);
  PutDrain(map.LineAt("drain"), config.drain);
  PutLog(map.LineAt("log"), config.log);
}

}  // namespace

std::string ConfigText(const Config& config) {
  YAML::Emitter out;
  PutAll(out, config);
  return absl::StrCat(out.c_str(), "\n");
}

}  // namespace pcaps
