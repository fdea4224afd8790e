#include "clients/gateway/pcapctl/doctor/doctor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "clients/gateway/pcapctl/doctor/gateway_checks.h"
#include "clients/gateway/pcapctl/doctor/host_checks.h"
#include "clients/gateway/pcapctl/doctor/redis_check.h"
#include "clients/gateway/pcapctl/doctor/upstream_checks.h"
#include "service/config.h"
#include "service/upstream_token.h"

namespace pcaps::pcapctl {
namespace {

class Doctor {
 public:
  Doctor(const DoctorOptions& options, Report& report) : options_(options), report_(report) {}

  void ExamineGateway();
  void ExamineHost();

 private:
  std::optional<Config> ReadConfig();
  void ExamineUpstream(const Config& config);
  void AskUpstream(const Config& config, const Config::Credential& credential, Token token);
  // `upstream` too, or only what its answer would have told.
  void SkipUpstream(const std::string& reason);
  void SkipAnswer(const std::string& reason);
  void SkipCredential(const Config::Credential& credential);
  std::string AccountOf(const Config::Credential& credential) const;
  // Of an interrupted check nothing is told: what it found may be the interrupt.
  void Add(const Finding& finding) {
    if (!stopped()) report_.Add(finding);
  }
  bool stopped() const { return options_.call.stop.stop_requested(); }

  const DoctorOptions& options_;
  Report& report_;
  bool asked_upstream_ = false;  // Clock and upstream are the same for all credentials.
  bool upstream_answers_ = true;
};

void Doctor::ExamineGateway() {
  const Check account{"account", options_.account};
  const absl::StatusOr<Connection> connection = OpenConnection(options_.connect);
  if (!connection.ok()) {
    const Check gateway{"gateway"};
    Add(gateway.Fail(std::string(connection.status().message()),
                     "correct --target, --tls, --ca-file, --cert-file or --token-file"));
    return Add(account.Skip("the gateway could not be asked"));
  }
  const Finding gateway = CheckGateway(*connection, options_.connect, options_.call);
  Add(gateway);
  if (gateway.verdict == Verdict::kFail) {
    Add(account.Skip("the gateway could not be asked"));
  } else if (options_.account.empty()) {
    Add(account.Skip("no --account was given"));
  } else {
    Add(CheckAccount(*connection, options_.account, options_.call));
  }
}

std::optional<Config> Doctor::ReadConfig() {
  const Check check{"config"};
  absl::StatusOr<Config> config = LoadConfig(options_.config_file);
  if (!config.ok()) {
    Add(check.Fail(OnOneLine(config.status()), "correct the file; the README lists every key"));
    return std::nullopt;
  }
  Add(check.Ok(options_.config_file));
  return *std::move(config);
}

void Doctor::ExamineHost() {
  const std::optional<Config> config = ReadConfig();
  if (!config.has_value()) return;  // What it means is unknown.
  Add(CheckTls(config->tls));
  Add(CheckCallers(config->auth));
  if (!stopped()) ExamineUpstream(*config);
  if (!stopped()) Add(CheckRedis(config->state));
}

void Doctor::ExamineUpstream(const Config& config) {
  std::vector<std::pair<const Config::Credential*, Token>> usable;
  for (const Config::Credential& credential : config.upstream.credentials) {
    Add(CheckToken(credential));
    absl::StatusOr<Token> token = ReadToken(credential);
    if (token.ok()) usable.emplace_back(&credential, *std::move(token));
  }
  const Finding proxy = CheckProxy(config.upstream);
  Add(proxy);
  if (proxy.verdict == Verdict::kFail) return SkipUpstream("the proxy cannot be reached");
  if (const auto unreachable = FindUnreachable(config.upstream); unreachable.has_value()) {
    Add(*unreachable);
    return SkipAnswer("the upstream cannot be reached");
  }
  if (usable.empty()) return SkipUpstream("there is no token to ask with");
  for (auto& [credential, token] : usable) {
    if (stopped()) return;
    if (upstream_answers_) {
      AskUpstream(config, *credential, std::move(token));
    } else {
      SkipCredential(*credential);
    }
  }
}

void Doctor::AskUpstream(const Config& config, const Config::Credential& credential, Token token) {
  const absl::Time deadline =
      std::min(options_.call.deadline, absl::Now() + config.upstream.request_timeout);
  const UpstreamProbe probe =
      ProbeUpstream(config, {credential.name, std::move(token), credential.accounts},
                    AccountOf(credential), deadline, options_.call.stop);
  upstream_answers_ = probe.failure == HttpFailure::kNone;
  if (!std::exchange(asked_upstream_, true)) {
    Add(JudgeUpstream(probe, config.upstream));
    Add(JudgeClock(probe));
  }
  Add(JudgePermission(probe, credential));
  Add(JudgeBudget(probe));
}

void Doctor::SkipUpstream(const std::string& reason) {
  Add(Check{"upstream"}.Skip(reason));
  SkipAnswer(reason);
}

void Doctor::SkipAnswer(const std::string& reason) {
  for (const char* name : {"clock", "permission", "budget"}) Add(Check{name}.Skip(reason));
}

void Doctor::SkipCredential(const Config::Credential& credential) {
  for (const char* name : {"permission", "budget"}) {
    Add(Check{name, credential.name}.Skip("not asked: the upstream gave no answer before"));
  }
}

// The first account of its own; one for all has what the command line says.
std::string Doctor::AccountOf(const Config::Credential& credential) const {
  for (const std::string& account : credential.accounts) {
    if (account != "*") return account;
  }
  return options_.account;
}

}  // namespace

absl::Status RunDoctor(const DoctorOptions& options, Report& report) {
  Doctor doctor(options, report);
  doctor.ExamineGateway();
  const bool interrupted = options.call.stop.stop_requested();
  if (!interrupted && !options.config_file.empty()) doctor.ExamineHost();
  if (options.call.stop.stop_requested()) return absl::CancelledError("interrupted");
  return report.Conclusion();
}

}  // namespace pcaps::pcapctl
