#include "service/app.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/base/clock.h"
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/gateway/gateway.h"
#include "service/gateway/ownerships.h"
#include "service/loop_thread.h"
#include "service/rpc/rpc_server.h"
#include "service/state/memory_state.h"
#include "service/telemetry/log.h"
#include "service/upstream_http.h"
#include "service/upstream_token.h"

namespace pcaps {
namespace {

// What may still be under way when every call has ended: a write to the upstream nobody waits for
// any more.
constexpr absl::Duration kLoopPatience = absl::Milliseconds(500);

double Uniform() {
  thread_local absl::BitGen random;
  return absl::Uniform(random, 0.0, 1.0);
}

// Other than any other process's.
std::string RandomName() {
  absl::BitGen random;
  return absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16),
                      absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16));
}

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

// One line an answer: the first oddity stands for all.
void LogOddAnswer(Log& log, const OddAnswer& odd) {
  const absl::string_view operation = OperationName(odd.operation);
  log.Warn("odd_upstream_answer", {{"operation", std::string(operation)},
                                   {"account", odd.account_id},
                                   {"left_out", odd.left_out.front()},
                                   {"left_out_count", odd.left_out.size()},
                                   {"cf_ray", odd.cf_ray}});
}

GatewayOptions UseCaseOptions(const Config& config) {
  GatewayOptions options;
  options.request_timeout = config.upstream.request_timeout;
  options.heartbeat_interval = config.watch.heartbeat_interval;
  options.max_watch_duration = config.watch.max_duration;
  options.chunk_size = config.download.chunk_size;
  options.whole_max = config.download.whole_max;
  options.download_cache_size = config.download.cache_size;
  options.max_downloads = config.download.max_streams;
  options.watch.min_poll_interval = config.watch.min_poll_interval;
  options.watch.max_poll_interval = config.watch.max_poll_interval;
  options.watch.request_timeout = config.upstream.request_timeout;
  options.watch.max_streams = config.watch.max_streams;
  options.watch.max_streams_per_account = config.watch.max_streams_per_account;
  options.replica = RandomName();
  options.create_rules.simple_interval = config.upstream.rules.simple_create_interval;
  options.create_rules.one_full_at_a_time = config.upstream.rules.one_full_at_a_time;
  return options;
}

RestPcapsApiOptions DownloadApiOptions(const Config& config) {
  RestPcapsApiOptions options = ApiOptions(config);
  options.http.receive_bytes = std::min(config.download.chunk_size, config.download.buffer);
  return options;
}

// Bodies that are streamed: loops of their own, each with an upstream client.
class DownloadLanes {
 public:
  DownloadLanes(const Config& config, const std::shared_ptr<const Credentials>& credentials,
                const std::shared_ptr<UpstreamLimits>& limits, Clock& clock) {
    for (int i = 0; i < config.download.threads; ++i) {
      loops_.push_back(std::make_unique<LoopThread>());
      apis_.push_back(std::make_unique<RestPcapsApi>(loops_.back()->executor(),
                                                     DownloadApiOptions(config), credentials,
                                                     limits, clock, Uniform));
      lanes_.push_back({loops_.back()->executor(), apis_.back().get()});
    }
  }

  const std::vector<DownloadLane>& lanes() const { return lanes_; }

  void Join(absl::Time until) {
    for (size_t i = 0; i < loops_.size(); ++i) {
      loops_[i]->Join(until);
      apis_[i].reset();
    }
  }

 private:
  std::vector<std::unique_ptr<LoopThread>> loops_;
  std::vector<std::unique_ptr<RestPcapsApi>> apis_;
  std::vector<DownloadLane> lanes_;
};

// Waits for SIGTERM or SIGINT. Afterwards both kill again.
int AwaitSignal(boost::asio::io_context& signals_loop, boost::asio::signal_set& signals) {
  int received = 0;
  signals.async_wait([&](const boost::system::error_code&, int signal) { received = signal; });
  signals_loop.run();
  signals.clear();
  return received;
}

}  // namespace

absl::Status CheckApp(const Config& config) {
  const absl::Status served = CheckServed(config);
  if (!served.ok()) return served;
  for (const Config::Credential& credential : config.upstream.credentials) {
    if (credential.token_file.empty()) continue;
    const absl::StatusOr<Token> token = ReadToken(credential);
    if (!token.ok()) return token.status();
  }
  return CheckCaFile(config.upstream.ca_file);
}

absl::Status RunApp(const Config& config) {
  const absl::Status checked = CheckApp(config);
  if (!checked.ok()) return checked;
  absl::StatusOr<std::shared_ptr<const Credentials>> credentials = ReadCredentials(config);
  if (!credentials.ok()) return credentials.status();
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context signals_loop;
  boost::asio::signal_set signals(signals_loop, SIGTERM, SIGINT);

  Log log(config.log.level, config.log.format);
  SystemClock clock;
  StreamRegistry streams;
  const auto limits = std::make_shared<UpstreamLimits>(config.upstream.max_in_flight,
                                                       config.upstream.retry.budget_ratio);
  LoopThread control;
  RestPcapsApiOptions api_options = ApiOptions(config);
  api_options.on_odd_answer = [&log](const OddAnswer& odd) { LogOddAnswer(log, odd); };
  auto api = std::make_unique<RestPcapsApi>(control.executor(), std::move(api_options),
                                            *credentials, limits, clock, Uniform);
  DownloadLanes lanes(config, *credentials, limits, clock);
  MemoryState state(control.executor(), clock);
  Gateway gateway(control.executor(), *api, state, lanes.lanes(), clock, Uniform,
                  UseCaseOptions(config));
  Ownerships ownerships(*api, clock);
  RpcEnv env{control.executor(),
             clock,
             log,
             streams,
             config.upstream.request_timeout,
             config.download.reader_stall_timeout};
  RpcServer server(env, gateway, ownerships,
                   {config.listen, config.reflection, {config.upstream.rules.full_time_limit_max}});
  const auto join_loops = [&] {
    const absl::Time until = absl::Now() + kLoopPatience;  // For all loops together.
    lanes.Join(until);
    // A poll that nobody waits for any more may still use the API, which therefore goes last.
    control.Join(until);
    api.reset();
  };

  const absl::StatusOr<std::string> listening = server.Start();
  if (!listening.ok()) {
    join_loops();
    return listening.status();
  }
  log.Info("listening", {{"listen", *listening},
                         {"upstream", config.upstream.base_url},
                         {"reflection", config.reflection},
                         {"version", PCAPS_VERSION}});

  const int signal = AwaitSignal(signals_loop, signals);
  const absl::Duration delay = signal == SIGINT ? absl::ZeroDuration() : config.drain.delay;
  log.Info("drain_started", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                             {"delay_ms", absl::ToInt64Milliseconds(delay)},
                             {"timeout_ms", absl::ToInt64Milliseconds(config.drain.timeout)}});
  boost::asio::post(control.executor(), [&server] { server.StopServing(); });
  absl::SleepFor(delay);
  server.Drain(config.drain.timeout, Uniform);
  join_loops();
  log.Info("drained");
  return absl::OkStatus();
}

}  // namespace pcaps
