// RunPcapctl: the whole command line but for the process around it.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "clients/gateway/pcapctl/console.h"

namespace pcaps::pcapctl {

// `args` without the program's name. Once `stop` is requested the command cleans up and returns
// kExitInterrupted. Returns the exit code (exit_code.h).
int RunPcapctl(const std::vector<std::string>& args, const Console& console, std::stop_token stop);

}  // namespace pcaps::pcapctl
