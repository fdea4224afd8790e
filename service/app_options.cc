#include "service/app_options.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/strip.h"
#include "service/upstream_http.h"

namespace pcaps {
namespace {

// What TLS asks of callers.
ServerTls::ClientCertificate ClientCertificateOf(const Config& config) {
  if (config.tls.client_ca_file.empty()) return ServerTls::ClientCertificate::kIgnored;
  // A probe has none. Who has none is nobody to any call but a probe's.
  const bool probes = config.auth.mode == Config::AuthMode::kMtls && config.auth.open_health;
  return probes ? ServerTls::ClientCertificate::kWelcome : ServerTls::ClientCertificate::kRequired;
}

}  // namespace

RestPcapsApiOptions ApiOptions(const Config& config) {
  const Config::Upstream& upstream = config.upstream;
  RestPcapsApiOptions options;
  options.upstream.base_url = std::string(absl::StripSuffix(upstream.base_url, "/"));
  options.upstream.request_timeout = upstream.request_timeout;
  options.upstream.retry.max_attempts = upstream.retry.max_attempts;
  options.upstream.retry.base_backoff = upstream.retry.base_backoff;
  options.upstream.retry.max_backoff = upstream.retry.max_backoff;
  options.upstream.retry.budget_ratio = upstream.retry.budget_ratio;
  options.http = UpstreamHttpOptions(config);
  // As many as may be busy, or a busy gateway would make a new connection for most calls.
  options.http.max_idle_connections = upstream.max_in_flight;
  options.http.buffer_bytes = config.download.buffer;
  options.upstream_stall_timeout = config.download.upstream_stall_timeout;
  return options;
}

RestPcapsApiOptions DownloadApiOptions(const Config& config) {
  RestPcapsApiOptions options = ApiOptions(config);
  options.http.receive_bytes = std::min(config.download.chunk_size, config.download.buffer);
  return options;
}

CallerProof CallerProofOf(const Config& config) {
  switch (config.auth.mode) {
    case Config::AuthMode::kNone:
      return CallerProof::kNone;
    case Config::AuthMode::kMtls:
      return CallerProof::kCertificate;
    case Config::AuthMode::kToken:
      break;
  }
  return CallerProof::kToken;
}

GatewayOptions UseCaseOptions(const Config& config, const std::string& replica) {
  GatewayOptions options;
  options.request_timeout = config.upstream.request_timeout;
  options.heartbeat_interval = config.watch.heartbeat_interval;
  options.max_watch_duration = config.watch.max_duration;
  options.chunk_size = config.download.chunk_size;
  options.whole_max = config.download.whole_max;
  options.download_cache_size = config.download.cache_size;
  options.max_downloads = config.download.max_streams;
  options.cache.terminal_ttl = config.cache.terminal_ttl;
  options.cache.active_ttl = config.cache.active_ttl;
  options.cache.list_ttl = config.cache.list_ttl;
  options.cache.not_found_ttl = config.cache.not_found_ttl;
  options.cache.stale_ttl = config.cache.stale_ttl;
  options.cache.max_entries = config.cache.max_entries;
  options.cache.alone = config.state.redis_url.empty();
  options.read.request_timeout = config.upstream.request_timeout;
  options.replica = replica;
  options.create_rules.simple_interval = config.upstream.rules.simple_create_interval;
  options.create_rules.one_full_at_a_time = config.upstream.rules.one_full_at_a_time;
  options.watch.min_poll_interval = config.watch.min_poll_interval;
  options.watch.max_poll_interval = config.watch.max_poll_interval;
  options.watch.request_timeout = config.upstream.request_timeout;
  options.watch.max_streams = config.watch.max_streams;
  options.watch.max_streams_per_account = config.watch.max_streams_per_account;
  return options;
}

DoorLimits DoorLimitsOf(const Config& config) {
  DoorLimits limits;
  limits.connections.max_connections = config.limits.max_connections;
  limits.connections.max_connections_per_peer = config.limits.max_connections_per_peer;
  limits.max_unary_in_flight = config.limits.max_unary_in_flight;
  return limits;
}

RpcServerOptions RpcOptions(const Config& config, std::shared_ptr<const TlsFiles> tls) {
  // Watches live the longest, and end at most 20% late; a reader that stalls then is cut off.
  constexpr double kLatestEnd = 1.2;
  RpcServerOptions options;
  options.listen = config.listen;
  options.reflection = config.reflection;
  options.open_health = config.auth.open_health;
  options.tls = std::move(tls);
  options.clients = ClientCertificateOf(config);
  options.bounds.full_time_limit_max = config.upstream.rules.full_time_limit_max;
  options.limits.max_concurrent_streams = config.limits.max_concurrent_streams;
  options.limits.max_connection_age = config.limits.max_connection_age;
  options.limits.max_call_life =
      config.watch.max_duration * kLatestEnd + config.download.reader_stall_timeout;
  options.limits.min_client_ping_interval = config.limits.min_client_ping_interval;
  options.flood_guard = config.limits.flood_guard;
  return options;
}

}  // namespace pcaps
