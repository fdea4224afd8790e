// bench_client: what tests/bench/run.sh and fleet.sh ask gateways with, where h2load cannot.
#include <CLI/CLI.hpp>

#include "absl/synchronization/mutex.h"
#include "tests/bench/commands/commands.h"
#include "tests/bench/download_readers.h"
#include "tests/bench/start_to_ready.h"

int main(int argc, char** argv) {
  // As a gateway does (service/app.cc): here, too, it is a fifth of what a call costs.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app("Measures a gateway, or a server that answers like one.", "bench_client");
  app.require_subcommand(1);

  pcaps::bench::DownloadTarget target;
  const auto add_target = [&](CLI::App* command) {
    command->add_option("--target", target.target, "host:port")->required();
    command->add_option("--account", target.account_id)->required();
    command->add_option("--pcap", target.pcap_id)->required();
  };
  double seconds = 1;
  CLI::App* const read = app.add_subcommand("read", "MB/s of one reader");
  add_target(read);
  read->add_option("--seconds", seconds)->capture_default_str();

  int readers = 1;
  CLI::App* const stall = app.add_subcommand("stall", "Readers that stop, until SIGTERM");
  add_target(stall);
  stall->add_option("--readers", readers)->capture_default_str();

  std::vector<std::string> command;
  CLI::App* const start = app.add_subcommand("start", "Milliseconds from exec to SERVING");
  start->add_option("command", command, "The gateway with its arguments")->required();

  pcaps::bench::Run run;
  pcaps::bench::AddWatchersCommand(app, run);
  pcaps::bench::AddGetsCommand(app, run);
  pcaps::bench::AddCreatesCommand(app, run);
  pcaps::bench::AddDownloadsCommand(app, run);
  CLI11_PARSE(app, argc, argv);

  bool good = run != nullptr && run();
  if (read->parsed()) good = pcaps::bench::ReadAtFullSpeed(target, absl::Seconds(seconds));
  if (stall->parsed()) good = pcaps::bench::Stall(target, readers);
  if (start->parsed()) good = pcaps::bench::StartToReady(std::move(command));
  return good ? 0 : 1;
}
