// What pcapctl's exit status means.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace pcaps::pcapctl {

inline constexpr int kExitInterrupted = 130;  // As shells have it: 128 + SIGINT.

// Of a command that nobody interrupted.
int ExitCodeOf(const absl::Status& status);

// The table of exit codes, for --help.
std::string ExitCodeHelp();

}  // namespace pcaps::pcapctl
