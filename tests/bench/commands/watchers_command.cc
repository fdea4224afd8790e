#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/commands/commands.h"
#include "tests/bench/load/emulator_control.h"
#include "tests/bench/load/gets.h"
#include "tests/bench/load/watchers.h"

namespace pcaps::bench {
namespace {

constexpr absl::Duration kAttachPatience = absl::Minutes(2);

struct Flags {
  FleetFlags fleet;
  std::string captures_file;
  std::string control;  // Root of the emulator; empty: the captures are left alone.
  double seconds = 0;
  double patience_seconds = 30;
  bool trigger = false;
  load::WatchersOptions options;
};

// A status that the captures were made to show.
struct Change {
  v1::Pcap::Status status;
  absl::Time at;
};

struct NamedStatus {
  v1::Pcap::Status status;
  const char* upstream;
};
constexpr NamedStatus kMiddle[] = {{v1::Pcap::STATUS_RUNNING, "running"},
                                   {v1::Pcap::STATUS_CONVERSION_PENDING, "conversion_pending"},
                                   {v1::Pcap::STATUS_CONVERSION_RUNNING, "conversion_running"}};
constexpr NamedStatus kFinal = {v1::Pcap::STATUS_SUCCESS, "success"};

Change Show(const Flags& flags, const NamedStatus& next) {
  const absl::Time at = absl::Now();
  std::set<std::string> accounts;
  for (const load::NamedCapture& each : flags.options.captures) accounts.insert(each.account_id);
  const load::EmulatorControl emulator(flags.control);
  for (const std::string& account_id : accounts) emulator.Pin(account_id, "", next.upstream);
  return {next.status, at};
}

// A read past every cache, so that its replica sees each capture at once, and tells.
void ReadAll(const Flags& flags) {
  load::GetsOptions gets;
  gets.targets = {flags.fleet.targets.back()};
  gets.channels = 1;
  gets.access = flags.options.access;
  gets.captures = flags.options.captures;
  gets.calls = static_cast<int64_t>(gets.captures.size());
  gets.bypass_every = 1;
  (void)load::RunGets(gets);
}

void PrintDelays(const std::string& name, const std::vector<absl::Duration>& delays) {
  Print(name + "_count", static_cast<double>(delays.size()));
  for (const double percent : {50.0, 99.0, 100.0}) {
    Print(absl::StrCat(name, "_p", static_cast<int>(percent), "_ms"),
          absl::ToDoubleMilliseconds(load::Percentile(delays, percent)));
  }
}

void PrintBreaks(const std::vector<load::WatcherRecord>& records) {
  std::map<std::string, int64_t> outcomes;
  std::map<size_t, int64_t> targets;
  std::vector<absl::Duration> reattached;
  int64_t lost = 0;
  for (const load::WatcherRecord& record : records) {
    for (const load::Break& each : record.breaks) {
      ++outcomes[each.outcome];
      ++targets[each.target];
      if (each.reattached_at == absl::InfiniteFuture()) {
        ++lost;
      } else {
        reattached.push_back(each.reattached_at - each.at);
      }
    }
  }
  for (const auto& [outcome, count] : outcomes) {
    Print("break_" + outcome, static_cast<double>(count));
  }
  for (const auto& [target, count] : targets) {
    Print(absl::StrCat("breaks_of_target_", target), static_cast<double>(count));
  }
  PrintDelays("reattach", reattached);
  Print("not_reattached", static_cast<double>(lost));
}

void PrintReport(const std::vector<load::WatcherRecord>& records, const std::vector<Change>& middle,
                 const Change& last) {
  std::vector<absl::Duration> delays;
  for (const Change& each : middle) {
    const auto some = load::DeliveryDelays(records, each.status, each.at);
    delays.insert(delays.end(), some.begin(), some.end());
  }
  PrintDelays("middle", delays);
  PrintDelays("final", load::DeliveryDelays(records, last.status, last.at));
  const auto saw_end = [](const load::WatcherRecord& record) { return record.SawDone(); };
  const auto finished = [](const load::WatcherRecord& record) { return record.finished; };
  Print("missing_final",
        static_cast<double>(records.size()) -
            static_cast<double>(std::count_if(records.begin(), records.end(), saw_end)));
  Print("ended_ok", static_cast<double>(std::count_if(records.begin(), records.end(), finished)));
  PrintBreaks(records);
}

// Holds the streams until SIGTERM.
bool Hold(const sigset_t& ends) {
  int signal = 0;
  sigwait(&ends, &signal);
  std::_Exit(0);  // Whoever measured is done; thousands of cancellations interest nobody.
}

bool RunCommand(Flags& flags) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // Before any thread, so that all of them leave it to us.
  flags.options.targets = flags.fleet.targets;
  flags.options.channels = flags.fleet.channels;
  flags.options.access = ReadAccess(flags.fleet);
  flags.options.captures = ReadCaptures(flags.captures_file);
  const absl::Time start = absl::Now();
  load::Watchers watchers(flags.options);
  if (!watchers.WaitAttached(kAttachPatience)) {
    std::fprintf(stderr, "not all watchers got a first message\n");
    return false;
  }
  Print("attached_ms", absl::ToDoubleMilliseconds(absl::Now() - start));
  if (flags.control.empty()) return Hold(ends);

  std::vector<Change> middle;
  const absl::Duration apart = absl::Seconds(flags.seconds) / (std::size(kMiddle) + 1);
  for (const NamedStatus& each : kMiddle) {
    if (flags.seconds <= 0) break;
    absl::SleepFor(apart);
    middle.push_back(Show(flags, each));
  }
  absl::SleepFor(apart);
  const Change last = Show(flags, kFinal);
  if (flags.trigger) ReadAll(flags);
  (void)watchers.WaitFinished(absl::Seconds(flags.patience_seconds));
  PrintReport(watchers.Records(), middle, last);
  std::_Exit(0);
}

}  // namespace

void AddWatchersCommand(CLI::App& app, Run& run) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand(
      "watchers",
      "Watchers that find another replica when theirs ends; says attached_ms, then "
      "changes the captures, or waits for SIGTERM");
  AddFleetFlags(*command, flags->fleet);
  load::WatchersOptions& options = flags->options;
  command->add_option("--watchers", options.watchers)->capture_default_str();
  command->add_option("--captures", flags->captures_file, "File: account and capture a line")
      ->required();
  command->add_option("--control", flags->control,
                      "http://host:port of the emulator: makes the captures go on and end");
  command->add_option("--seconds", flags->seconds, "Of three changes before the end");
  command->add_option("--patience", flags->patience_seconds, "Seconds to wait for the end")
      ->capture_default_str();
  command->add_flag("--trigger", flags->trigger, "Read the captures when they end");
  command->callback([flags, &run] { run = [flags] { return RunCommand(*flags); }; });
}

}  // namespace pcaps::bench
