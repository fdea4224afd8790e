#include "service/app.h"

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
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/admin_port.h"
#include "service/app_events.h"
#include "service/app_options.h"
#include "service/app_snapshot.h"
#include "service/download_lanes.h"
#include "service/fleet_state.h"
#include "service/gateway/gateway.h"
#include "service/gateway/ownerships.h"
#include "service/limit_options.h"
#include "service/loop_thread.h"
#include "service/metrics/metrics.h"
#include "service/reloader.h"
#include "service/rpc/grpc_log.h"
#include "service/rpc/rpc_server.h"
#include "service/telemetry/log.h"
#include "service/trust.h"
#include "service/upstream_http.h"
#include "service/upstream_token.h"
#include "service/watched_files.h"

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

// Waits for SIGTERM or SIGINT. Afterwards both kill again.
int AwaitSignal(boost::asio::io_context& signals_loop, boost::asio::signal_set& signals) {
  int received = 0;
  signals.async_wait([&](const boost::system::error_code&, int signal) { received = signal; });
  signals_loop.run();
  signals.clear();
  return received;
}

// Everything there is, in the order in which it is built.
class App {
 public:
  App(const Config& config, Trust trust, std::vector<Credential> tokens);
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // The error is why it cannot listen.
  absl::Status Start();
  void Drain(absl::Duration delay);
  // After Start() has failed, or Drain().
  void JoinLoops();

  Log& log() { return log_; }

 private:
  CredentialsOptions OfCredentials();
  // Has the requests of a client of the upstream counted, and paid for.
  void Observe(UpstreamCallerOptions& upstream);
  RestPcapsApiOptions OfDownloads();
  RestPcapsApiOptions OfApi();
  GatewayOptions OfGateway();
  RpcEnv OfRpc();
  std::unique_ptr<AdminPort> MakeAdminPort();

  const Config& config_;
  const Trust trust_;
  Log log_{config_.log.level, config_.log.format};
  const GrpcLog grpc_log_{log_};
  SystemClock clock_;
  Metrics metrics_{config_};
  Activity activity_;
  StreamRegistry streams_;
  StreamRegistry open_writes_;
  WriteReceipts receipts_;
  Door door_{WithinDescriptors(DoorLimitsOf(config_))};
  const std::shared_ptr<Credentials> credentials_;
  const std::shared_ptr<UpstreamLimits> limits_;
  LoopThread control_{"control"};
  FleetState fleet_{config_.state, control_.executor(), clock_, log_,
                    [this](StateCommand command, absl::Duration took, bool ok) {
                      metrics_.state().Count(command, took, ok);
                    }};
  const std::shared_ptr<UpstreamBudget> budget_;
  RateLimiter rates_{control_.executor(), fleet_.state(), clock_, RateOptionsOf(config_)};
  std::unique_ptr<RestPcapsApi> api_;
  const std::unique_ptr<PcapsApi> polls_;
  const std::unique_ptr<PcapsApi> writes_;
  DownloadLanes lanes_{config_, OfDownloads(), credentials_, limits_, clock_, Uniform};
  Gateway gateway_;
  Ownerships ownerships_{*api_, clock_};
  CallerDirectory callers_{CallerProofOf(config_), trust_.callers};
  RpcEnv env_ = OfRpc();
  RpcServer server_{env_, gateway_, ownerships_, RpcOptions(config_, trust_.tls)};
  Reloader reloader_;
  const std::unique_ptr<AdminPort> admin_ = MakeAdminPort();  // Null: none is wanted.
};

App::App(const Config& config, Trust trust, std::vector<Credential> tokens)
    : config_(config),
      trust_(std::move(trust)),
      credentials_(std::make_shared<Credentials>(tokens, OfCredentials())),
      limits_(std::make_shared<UpstreamLimits>(config.upstream.max_in_flight,
                                               config.upstream.retry.budget_ratio)),
      budget_(std::make_shared<UpstreamBudget>(control_.executor(), fleet_.state(), clock_, Uniform,
                                               TellingOf(BudgetOptionsOf(config), log_))),
      api_(std::make_unique<RestPcapsApi>(control_.executor(), OfApi(), credentials_, limits_,
                                          clock_, Uniform)),
      polls_(api_->For(Purpose::kPoll)),
      writes_(api_->For(Purpose::kWrite)),
      gateway_(control_.executor(), {*api_, *polls_, *writes_}, fleet_.state(), lanes_.lanes(),
               clock_, Uniform, OfGateway()),
      reloader_(log_,
                WatchedFiles(config_, server_, callers_, env_, *credentials_, std::move(tokens))) {}

CredentialsOptions App::OfCredentials() {
  CredentialsOptions options;
  options.on_change = [this](const auto& name, const auto& status) {
    LogCredential(log_, name, status);
  };
  return options;
}

void App::Observe(UpstreamCallerOptions& upstream) {
  upstream.gate = budget_;
  upstream.observer = [this](const UpstreamAttempt& attempt) {
    metrics_.upstream().Count(attempt);
    activity_.CountUpstreamRequest(attempt.account_id, clock_.Now());
  };
  upstream.on_circuit = [this](const std::string& name, const absl::Status& why) {
    LogCircuit(log_, name, why);
  };
}

RestPcapsApiOptions App::OfDownloads() {
  RestPcapsApiOptions options = DownloadApiOptions(config_);
  Observe(options.upstream);
  return options;
}

RestPcapsApiOptions App::OfApi() {
  RestPcapsApiOptions options = ApiOptions(config_);
  Observe(options.upstream);
  options.on_odd_answer = [this](const OddAnswer& odd) { LogOddAnswer(log_, odd); };
  options.on_write = [this](const WriteReceipt& receipt) {
    receipts_.Add(receipt.account_id, receipt.id, receipt.cf_ray);
    LogWrite(log_, receipt);
  };
  return options;
}

GatewayOptions App::OfGateway() {
  GatewayOptions options = UseCaseOptions(config_, NewReplicaName());
  options.read.is_spent = [budget = budget_](const std::string& account_id) {
    return budget->SpentFor(account_id, Purpose::kRead).has_value();
  };
  if (fleet_.is_redis()) {  // Else it is always ours.
    options.watch.on_turn = [this](const std::string& account_id, bool mine) {
      log_.Info("poll_turn", {{"account", account_id}, {"mine", mine}});
    };
  }
  options.watch.on_fanned_out = [this](absl::Duration took) { metrics_.CountFanOut(took); };
  return options;
}

RpcEnv App::OfRpc() {
  const bool counts = !config_.admin_listen.empty();
  return {control_.executor(),
          clock_,
          log_,
          streams_,
          open_writes_,
          door_,
          callers_,
          receipts_,
          rates_,
          config_.upstream.request_timeout,
          config_.download.reader_stall_timeout,
          counts ? &metrics_.rpc() : nullptr,
          counts ? &activity_ : nullptr};
}

std::unique_ptr<AdminPort> App::MakeAdminPort() {
  if (config_.admin_listen.empty()) return nullptr;
  std::map<std::string, Loop> loops = {{"control", control_.executor()}};
  for (size_t i = 0; i < lanes_.lanes().size(); ++i) {
    loops.emplace(absl::StrCat("download-", i + 1), lanes_.lanes()[i].loop);
  }
  return std::make_unique<AdminPort>(AdminSources{
      config_, clock_, metrics_, activity_, std::move(loops),
      [this] { return ReadControl(*budget_, gateway_, fleet_); },
      [this] {
        return ReadOthers({fleet_, *limits_, *credentials_, door_, server_, reloader_, log_});
      }});
}

absl::Status App::Start() {
  if (admin_ != nullptr) {
    const absl::StatusOr<std::string> admin = admin_->Start();
    if (!admin.ok()) return admin.status();
    log_.Info("admin_listening", {{"listen", *admin}});
  }
  const absl::StatusOr<std::string> listening = server_.Start();
  if (!listening.ok()) return listening.status();
  reloader_.Start();
  if (admin_ != nullptr) admin_->SetPhase(GatewayPhase::kServing);  // Before anybody is told.
  log_.Info("listening", {{"listen", *listening},
                          {"tls", trust_.tls != nullptr},
                          {"auth", AuthModeName(config_.auth.mode)},
                          {"upstream", config_.upstream.base_url},
                          {"reflection", config_.reflection},
                          {"version", PCAPS_VERSION}});
  const int max_connections = door_.connections.limits().max_connections;
  if (max_connections < config_.limits.max_connections) {
    log_.Warn("few_descriptors", {{"max_connections", max_connections}});
  }
  return absl::OkStatus();
}

void App::Drain(absl::Duration delay) {
  if (admin_ != nullptr) admin_->SetPhase(GatewayPhase::kDraining);
  boost::asio::post(control_.executor(), [this] { server_.StopServing(); });
  absl::SleepFor(delay);
  server_.Drain(config_.drain.timeout, Uniform);
  reloader_.Stop();
}

void App::JoinLoops() {
  const absl::Time until = absl::Now() + kLoopPatience;  // For all loops together.
  fleet_.Stop();
  lanes_.Join(until);
  // A poll that nobody waits for any more may still use the API, which therefore goes last.
  control_.Join(until);
  api_.reset();
  if (admin_ != nullptr) admin_->Join();
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
  absl::StatusOr<Trust> trust = ReadTrust(config);
  if (!trust.ok()) return trust.status();
  std::signal(SIGPIPE, SIG_IGN);
  // Debian builds Abseil with its search for cycles of locks, which keeps one table for all
  // threads: a fifth of what a hit costs, as gRPC locks so often. The thread sanitizer searches
  // ours.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  boost::asio::io_context signals_loop;
  boost::asio::signal_set signals(signals_loop, SIGTERM, SIGINT);

  App app(config, *std::move(trust), *std::move(tokens));
  const absl::Status started = app.Start();
  if (!started.ok()) {
    app.JoinLoops();
    return started;
  }
  const int signal = AwaitSignal(signals_loop, signals);
  const absl::Duration delay = signal == SIGINT ? absl::ZeroDuration() : config.drain.delay;
  app.log().Info("drain_started",
                 {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                  {"delay_ms", absl::ToInt64Milliseconds(delay)},
                  {"timeout_ms", absl::ToInt64Milliseconds(config.drain.timeout)}});
  app.Drain(delay);
  app.JoinLoops();
  app.log().Info("drained");
  return absl::OkStatus();
}

}  // namespace pcaps
