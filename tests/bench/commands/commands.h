// Subcommands of bench_client that load a fleet. Each prints what it saw as lines "name value";
// times are milliseconds.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/load/targets.h"

namespace pcaps::bench {

// What a subcommand does once the command line is read. False: it could not do its work.
using Run = std::function<bool()>;

// Each adds its subcommand to `app`, and sets `run` when it is chosen.
void AddWatchersCommand(CLI::App& app, Run& run);
void AddGetsCommand(CLI::App& app, Run& run);
void AddCreatesCommand(CLI::App& app, Run& run);
void AddDownloadsCommand(CLI::App& app, Run& run);

// The options that all of them have.
struct FleetFlags {
  std::vector<std::string> targets;
  int channels = 16;  // A gateway takes 1,000 streams on each.
  std::string ca_file;
  std::string token_file;
  bool policy = false;
};
void AddFleetFlags(CLI::App& command, FleetFlags& flags);

// What the flags and the files that they name say.
load::Access ReadAccess(const FleetFlags& flags);

// Of a file with an account and a capture a line; exits the program where it has none.
std::vector<load::NamedCapture> ReadCaptures(const std::string& file);

void Print(const std::string& name, double value);

}  // namespace pcaps::bench
