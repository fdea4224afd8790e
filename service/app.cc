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
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "clients/base/clock.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/app_options.h"
#include "service/fleet_state.h"
#include "service/gateway/gateway.h"
#include "service/gateway/ownerships.h"
#include "service/limit_options.h"
#include "service/loop_thread.h"
#include "service/reloader.h"
#include "service/rpc/grpc_log.h"
#include "service/rpc/rpc_server.h"
#include "service/telemetry/log.h"
#include "service/tls_files.h"
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

// A name that no other replica has, nor this one had before.
std::string NewReplicaName() {
  absl::BitGen random;
  return absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16));
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

// Nobody but the operator can help: the token must be replaced.
void LogCredential(Log& log, const std::string& name, const absl::Status& status) {
  if (status.ok()) return log.Info("upstream_credential_accepted", {{"credential", name}});
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  boost::json::object fields = {{"credential", name}};
  for (const char* const key : {"upstream_http_status", "upstream_code", "cf_ray"}) {
    const auto found = info.metadata().find(key);
    if (found != info.metadata().end()) fields[key] = found->second;
  }
  log.Error("upstream_credential_rejected", fields);
}

// What was done upstream, whether or not its caller was still there to be audited with it.
void LogWrite(Log& log, const WriteReceipt& receipt) {
  LogLine line = log.Begin(LogLevel::kInfo, "upstream_write");
  line.AddText("operation", OperationName(receipt.operation));
  line.AddText("account", receipt.account_id);
  line.AddText("id", receipt.id);
  if (!receipt.create_request_id.empty()) {
    line.AddText("create_request_id", receipt.create_request_id);
  }
  line.AddText("cf_ray", receipt.cf_ray);
  log.Keep(std::move(line));
}

// Bodies that are streamed: loops of their own, each with an upstream client.
class DownloadLanes {
 public:
  DownloadLanes(const Config& config, const std::shared_ptr<const Credentials>& credentials,
                const std::shared_ptr<UpstreamLimits>& limits,
                const std::shared_ptr<UpstreamGate>& gate, Clock& clock) {
    RestPcapsApiOptions options = DownloadApiOptions(config);
    options.upstream.gate = gate;
    for (int i = 0; i < config.download.threads; ++i) {
      loops_.push_back(std::make_unique<LoopThread>());
      apis_.push_back(std::make_unique<RestPcapsApi>(loops_.back()->executor(), options,
                                                     credentials, limits, clock, Uniform));
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

// Who is let in, and how.
struct Trust {
  std::shared_ptr<const TlsFiles> tls;     // Null: plain text.
  std::shared_ptr<const Callers> callers;  // Null: nobody is identified.
};

absl::StatusOr<Trust> ReadTrust(const Config& config) {
  Trust trust;
  absl::StatusOr<std::shared_ptr<const TlsFiles>> tls = ReadTlsFiles(config.tls);
  if (!tls.ok()) return tls.status();
  trust.tls = *std::move(tls);
  if (config.auth.mode == Config::AuthMode::kNone) return trust;
  absl::StatusOr<std::shared_ptr<const Callers>> callers =
      ReadCallersFile(config.auth.callers_file);
  if (!callers.ok()) return callers.status();
  trust.callers = *std::move(callers);
  return trust;
}

// The files that are read again when they change, and what is to be done then. `tokens`: as they
// were read last.
std::vector<Reloader::Watched> WatchedFiles(const Config& config, RpcServer& server,
                                            CallerDirectory& directory, const RpcEnv& env,
                                            Credentials& credentials,
                                            std::vector<Credential> tokens) {
  std::vector<Reloader::Watched> watched;
  if (!config.tls.cert_file.empty()) {
    std::vector<std::string> files = {config.tls.cert_file, config.tls.key_file};
    if (!config.tls.client_ca_file.empty()) files.push_back(config.tls.client_ca_file);
    watched.push_back({"tls", std::move(files), [&]() -> absl::Status {
                         auto tls = ReadTlsFiles(config.tls);
                         if (!tls.ok()) return tls.status();
                         server.ReplaceTls(*std::move(tls));
                         return absl::OkStatus();
                       }});
  }
  if (config.auth.mode != Config::AuthMode::kNone) {
    watched.push_back({"callers", {config.auth.callers_file}, [&]() -> absl::Status {
                         auto callers = ReadCallersFile(config.auth.callers_file);
                         if (!callers.ok()) return callers.status();
                         directory.Replace(*std::move(callers));
                         const int streams = env.streams.EndThoseNotAllowed();
                         const int writes = env.writes.EndThoseNotAllowed();
                         if (streams + writes > 0) {
                           env.log.Info("access_lost", {{"streams", streams}, {"writes", writes}});
                         }
                         return absl::OkStatus();
                       }});
  }
  // Each by itself: a broken file keeps no other token from its rotation.
  const auto in_force = std::make_shared<std::vector<Credential>>(std::move(tokens));
  for (size_t i = 0; i < in_force->size(); ++i) {
    const std::string& file = config.upstream.credentials[i].token_file;
    if (file.empty()) continue;
    watched.push_back({"upstream_token", {file}, [&, in_force, i] {
                         absl::StatusOr<Token> token = ReadToken(config.upstream.credentials[i]);
                         if (!token.ok()) return token.status();
                         (*in_force)[i].token = *std::move(token);
                         credentials.Replace(*in_force);
                         return absl::OkStatus();
                       }});
  }
  return watched;
}

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
  for (const Config::Credential& credential : config.upstream.credentials) {
    if (credential.token_file.empty()) continue;
    const absl::StatusOr<Token> token = ReadToken(credential);
    if (!token.ok()) return token.status();
  }
  const absl::Status state = CheckState(config.state);
  if (!state.ok()) return state;
  const absl::Status trust = ReadTrust(config).status();
  if (!trust.ok()) return trust;
  return CheckCaFile(config.upstream.ca_file);
}

absl::Status RunApp(const Config& config) {
  LimitReads();
  const absl::Status checked = CheckApp(config);
  if (!checked.ok()) return checked;
  absl::StatusOr<std::vector<Credential>> tokens = ReadCredentials(config);
  if (!tokens.ok()) return tokens.status();
  const absl::StatusOr<Trust> trust = ReadTrust(config);
  if (!trust.ok()) return trust.status();
  std::signal(SIGPIPE, SIG_IGN);
  // Debian builds Abseil with its search for cycles of locks, which keeps one table for all
  // threads: a fifth of what a hit costs, as gRPC locks so often. The thread sanitizer searches
  // ours.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  boost::asio::io_context signals_loop;
  boost::asio::signal_set signals(signals_loop, SIGTERM, SIGINT);

  Log log(config.log.level, config.log.format);
  const GrpcLog grpc_log(log);
  SystemClock clock;
  StreamRegistry streams;
  StreamRegistry open_writes;
  Door door(WithinDescriptors(DoorLimitsOf(config)));
  const auto on_change = [&log](const auto& name, const auto& status) {
    LogCredential(log, name, status);
  };
  const auto credentials =
      std::make_shared<Credentials>(*tokens, CredentialsOptions{.on_change = on_change});
  const auto limits = std::make_shared<UpstreamLimits>(config.upstream.max_in_flight,
                                                       config.upstream.retry.budget_ratio);
  LoopThread control;
  FleetState fleet(config.state, control.executor(), clock, log);
  const auto budget = std::make_shared<UpstreamBudget>(control.executor(), fleet.state(), clock,
                                                       Uniform, BudgetOptionsOf(config));
  RateLimiter rates(control.executor(), fleet.state(), clock, RateOptionsOf(config));
  RestPcapsApiOptions api_options = ApiOptions(config);
  api_options.upstream.gate = budget;
  api_options.on_odd_answer = [&log](const OddAnswer& odd) { LogOddAnswer(log, odd); };
  WriteReceipts receipts;
  api_options.on_write = [&receipts, &log](const WriteReceipt& receipt) {
    receipts.Add(receipt.account_id, receipt.id, receipt.cf_ray);
    LogWrite(log, receipt);
  };
  auto api = std::make_unique<RestPcapsApi>(control.executor(), std::move(api_options), credentials,
                                            limits, clock, Uniform);
  const std::unique_ptr<PcapsApi> polls = api->For(Purpose::kPoll);
  const std::unique_ptr<PcapsApi> writes = api->For(Purpose::kWrite);
  DownloadLanes lanes(config, credentials, limits, budget, clock);
  GatewayOptions use_cases = UseCaseOptions(config, NewReplicaName());
  use_cases.read.is_spent = [budget](const std::string& account_id) {
    return budget->SpentFor(account_id, Purpose::kRead).has_value();
  };
  Gateway gateway(control.executor(), {*api, *polls, *writes}, fleet.state(), lanes.lanes(), clock,
                  Uniform, std::move(use_cases));
  Ownerships ownerships(*api, clock);
  CallerDirectory callers(CallerProofOf(config), trust->callers);
  RpcEnv env{control.executor(),
             clock,
             log,
             streams,
             open_writes,
             door,
             callers,
             receipts,
             rates,
             config.upstream.request_timeout,
             config.download.reader_stall_timeout};
  RpcServer server(env, gateway, ownerships, RpcOptions(config, trust->tls));
  Reloader reloader(log,
                    WatchedFiles(config, server, callers, env, *credentials, *std::move(tokens)));
  const auto join_loops = [&] {
    const absl::Time until = absl::Now() + kLoopPatience;  // For all loops together.
    fleet.Stop();
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
                         {"tls", trust->tls != nullptr},
                         {"auth", AuthModeName(config.auth.mode)},
                         {"upstream", config.upstream.base_url},
                         {"reflection", config.reflection},
                         {"version", PCAPS_VERSION}});
  const int max_connections = door.connections.limits().max_connections;
  if (max_connections < config.limits.max_connections) {
    log.Warn("few_descriptors", {{"max_connections", max_connections}});
  }

  reloader.Start();
  const int signal = AwaitSignal(signals_loop, signals);
  const absl::Duration delay = signal == SIGINT ? absl::ZeroDuration() : config.drain.delay;
  log.Info("drain_started", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                             {"delay_ms", absl::ToInt64Milliseconds(delay)},
                             {"timeout_ms", absl::ToInt64Milliseconds(config.drain.timeout)}});
  boost::asio::post(control.executor(), [&server] { server.StopServing(); });
  absl::SleepFor(delay);
  server.Drain(config.drain.timeout, Uniform);
  reloader.Stop();
  join_loops();
  log.Info("drained");
  return absl::OkStatus();
}

}  // namespace pcaps
