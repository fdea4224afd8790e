// RunPcapctl: the whole command line but for the process around it.
#pragma once

#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

namespace pcaps::pcapctl {

// `args` without the program's name. Results go to `out`, progress and errors to `err`. Once `stop`
// is requested the command cleans up and returns kExitInterrupted. Returns the exit code
// (exit_code.h).
int RunPcapctl(const std::vector<std::string>& args, std::ostream& out, std::ostream& err,
               std::stop_token stop);

}  // namespace pcaps::pcapctl
