#include <memory>

#include "tests/bench/commands/commands.h"
#include "tests/bench/load/downloads.h"

namespace pcaps::bench {
namespace {

struct Flags {
  FleetFlags fleet;
  load::DownloadsOptions options;
};

bool RunCommand(Flags& flags) {
  flags.options.targets = flags.fleet.targets;
  flags.options.channels = flags.fleet.channels;
  flags.options.access = ReadAccess(flags.fleet);
  const load::DownloadsReport report = load::RunDownloads(flags.options);
  for (const auto& [outcome, count] : report.outcomes) {
    Print("outcome_" + outcome, static_cast<double>(count));
  }
  Print("distinct_hashes", static_cast<double>(report.sha256.size()));
  Print("seconds", absl::ToDoubleSeconds(report.took));
  return true;
}

}  // namespace

void AddDownloadsCommand(CLI::App& app, Run& run) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("downloads", "Readers of one capture at once");
  AddFleetFlags(*command, flags->fleet);
  command->add_option("--account", flags->options.account_id)->required();
  command->add_option("--pcap", flags->options.pcap_id)->required();
  command->add_option("--readers", flags->options.readers)->capture_default_str();
  command->callback([flags, &run] { run = [flags] { return RunCommand(*flags); }; });
}

}  // namespace pcaps::bench
