#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/bench/commands/commands.h"
#include "tests/bench/load/creates.h"

namespace pcaps::bench {
namespace {

struct Flags {
  FleetFlags fleet;
  int accounts = 1;
  std::string account_prefix = "account-";
  double patience_seconds = 120;
  double timeout_seconds = 30;
  double max_queue_wait_seconds = 0;
  load::CreatesOptions options;
};

bool RunCommand(Flags& flags) {
  load::CreatesOptions& options = flags.options;
  options.targets = flags.fleet.targets;
  options.channels = flags.fleet.channels;
  options.access = ReadAccess(flags.fleet);
  options.patience = absl::Seconds(flags.patience_seconds);
  options.timeout = absl::Seconds(flags.timeout_seconds);
  options.max_queue_wait = absl::Seconds(flags.max_queue_wait_seconds);
  for (int i = 1; i <= flags.accounts; ++i) {
    options.accounts.push_back(absl::StrCat(flags.account_prefix, i));
  }
  const load::CreatesReport report = load::RunCreates(options);
  Print("ok", static_cast<double>(report.pcap_ids.size()));
  Print("distinct", static_cast<double>(report.DistinctIds()));
  Print("seconds", absl::ToDoubleSeconds(report.took));
  for (const auto& [outcome, count] : report.outcomes) {
    Print("outcome_" + outcome, static_cast<double>(count));
  }
  for (const auto& [outcome, count] : report.left) {
    Print("left_" + outcome, static_cast<double>(count));
  }
  for (size_t i = 1; i < report.ended.size(); ++i) {
    Print("apart_ms", absl::ToDoubleMilliseconds(report.ended[i] - report.ended[i - 1]));
    if (i == 9) break;  // Of a few creates that wait for each other.
  }
  return true;
}

}  // namespace

void AddCreatesCommand(CLI::App& app, Run& run) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("creates", "Creates, each tried until it is OK");
  AddFleetFlags(*command, flags->fleet);
  load::CreatesOptions& options = flags->options;
  command->add_option("--creates", options.creates)->capture_default_str();
  command->add_option("--in-flight", options.in_flight)->capture_default_str();
  command->add_option("--accounts", flags->accounts, "How many, taken in turn")
      ->capture_default_str();
  command->add_option("--account-prefix", flags->account_prefix)->capture_default_str();
  command->add_option("--prefix", options.prefix, "Of the request ids")->capture_default_str();
  command->add_option("--patience", flags->patience_seconds, "Seconds for one create")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout_seconds, "Seconds for one try")
      ->capture_default_str();
  command->add_option("--max-queue-wait", flags->max_queue_wait_seconds, "Seconds")
      ->capture_default_str();
  command->callback([flags, &run] { run = [flags] { return RunCommand(*flags); }; });
}

}  // namespace pcaps::bench
