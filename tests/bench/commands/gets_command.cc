#include <memory>

#include "tests/bench/commands/commands.h"
#include "tests/bench/load/gets.h"

namespace pcaps::bench {
namespace {

struct Flags {
  FleetFlags fleet;
  std::string captures_file;
  bool by_account = false;
  double seconds = 0;
  load::GetsOptions options;
};

void PrintReport(const load::GetsReport& report, bool by_account) {
  Print("calls", static_cast<double>(report.all.calls()));
  Print("not_begun", static_cast<double>(report.not_begun));
  Print("went_back", static_cast<double>(report.went_back));
  Print("seconds", absl::ToDoubleSeconds(report.took));
  for (const auto& [outcome, count] : report.all.outcomes) {
    Print("outcome_" + outcome, static_cast<double>(count));
  }
  for (const auto& [result, count] : report.all.cache) {
    Print("cache_" + result, static_cast<double>(count));
  }
  for (const double percent : {50.0, 99.0, 100.0}) {
    Print("p" + std::to_string(static_cast<int>(percent)) + "_ms",
          absl::ToDoubleMilliseconds(load::Percentile(report.all.latencies, percent)));
  }
  if (!by_account) return;
  for (const auto& [account_id, tally] : report.accounts) {
    Print("ok_" + account_id, static_cast<double>(tally.ok()));
    Print("p99_ms_" + account_id,
          absl::ToDoubleMilliseconds(load::Percentile(tally.latencies, 99)));
  }
}

bool RunCommand(Flags& flags) {
  flags.options.captures = ReadCaptures(flags.captures_file);
  flags.options.targets = flags.fleet.targets;
  flags.options.channels = flags.fleet.channels;
  flags.options.access = ReadAccess(flags.fleet);
  if (flags.seconds > 0) flags.options.duration = absl::Seconds(flags.seconds);
  PrintReport(load::RunGets(flags.options), flags.by_account);
  return true;
}

}  // namespace

void AddGetsCommand(CLI::App& app, Run& run) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("gets", "GetPcap, as a steady load or closed loop");
  AddFleetFlags(*command, flags->fleet);
  load::GetsOptions& options = flags->options;
  command->add_option("--captures", flags->captures_file, "File: account and capture a line")
      ->required();
  command->add_option("--per-second", options.per_second, "Of all accounts; 0: closed loop");
  command->add_option("--in-flight", options.in_flight)->capture_default_str();
  command->add_option("--calls", options.calls, "Stop after so many");
  command->add_option("--seconds", flags->seconds, "Stop after so long");
  command->add_option("--bypass-every", options.bypass_every, "Every n-th round has max_age 0");
  command->add_flag("--by-account", flags->by_account, "Print each account's answers, too");
  command->callback([flags, &run] { run = [flags] { return RunCommand(*flags); }; });
}

}  // namespace pcaps::bench
