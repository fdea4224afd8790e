// pcaps-emulator: an upstream that behaves like Cloudflare's PCAPs API, for tests and for trying
// the gateway without it.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/emulator/emulator.h"
#include "tests/emulator/http_server.h"

namespace {

struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string tls_certificate;
  std::string tls_key;
  std::string simple_duration = "300ms";
  std::vector<std::string> tokens;
  std::vector<std::string> accounts;
  bool no_rules = false;
  bool verbose = false;
  pcaps::emulator::EmulatorOptions options;
};

std::string CheckDuration(const std::string& text) {
  absl::Duration duration;
  const bool good = absl::ParseDuration(text, &duration) && duration >= absl::ZeroDuration();
  return good ? "" : "must be a duration such as 300ms";
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("--listen", flags.listen, "Address and port; port 0: any")->capture_default_str();
  auto* certificate = app.add_option("--tls-cert", flags.tls_certificate, "PEM; makes it https");
  auto* key = app.add_option("--tls-key", flags.tls_key, "PEM")->needs(certificate);
  certificate->needs(key);
  app.add_option("--token", flags.tokens, "Bearer token to accept, repeatable (default: any)");
  app.add_option("--account", flags.accounts, "Account to accept, repeatable (default: any)");
  app.add_option("--seed", flags.options.seed, "Ids and the luck of faults follow from it")
      ->capture_default_str();
  app.add_option("--simple-duration", flags.simple_duration, "Life of a simple capture")
      ->check(CheckDuration)
      ->capture_default_str();
  app.add_option("--time-scale", flags.options.pace.time_scale,
                 "Real seconds one second of a full capture takes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--rule-status", flags.options.rules.refusal_status,
                 "Answer to a create that breaks a rule")
      ->check(CLI::IsMember({429, 409, 400}))
      ->capture_default_str();
  app.add_flag("--no-rules", flags.no_rules, "Any number of captures at any time");
  app.add_flag("--rate-limit", flags.options.rate_limit.enabled,
               "1200 requests per 5 minutes and token, then 5 minutes of 429");
  app.add_flag("--require-ownership", flags.options.require_ownership,
               "Full captures only into validated buckets");
  app.add_flag("--verbose", flags.verbose, "A line per request on stderr");
}

int Run(const Flags& flags) {
  pcaps::emulator::Emulator emulator(flags.options);
  boost::asio::io_context loop(1);
  pcaps::emulator::HttpServer server(loop.get_executor(), emulator, flags.verbose);
  if (!flags.tls_certificate.empty()) {
    const absl::Status status = server.UseTls(flags.tls_certificate, flags.tls_key);
    if (!status.ok()) {
      std::fprintf(stderr, "pcaps-emulator: %s\n", std::string(status.message()).c_str());
      return 1;
    }
  }
  const absl::StatusOr<std::string> url = server.Start(flags.listen);
  if (!url.ok()) {
    std::fprintf(stderr, "pcaps-emulator: %s\n", std::string(url.status().message()).c_str());
    return 1;
  }
  std::printf("pcaps-emulator listening on %s\n", url->c_str());
  std::fflush(stdout);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&loop](const boost::system::error_code&, int) { loop.stop(); });
  loop.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Behaves like Cloudflare's PCAPs API, below http://<address>/client/v4.");
  AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  flags.options.tokens = {flags.tokens.begin(), flags.tokens.end()};
  flags.options.accounts = {flags.accounts.begin(), flags.accounts.end()};
  flags.options.rules.enabled = !flags.no_rules;
  absl::ParseDuration(flags.simple_duration, &flags.options.pace.simple_duration);
  return Run(flags);
}
