#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "clients/gateway/pcapctl/interrupt.h"
#include "clients/gateway/pcapctl/pcapctl.h"

namespace {

// Nobody will ever read what is written to standard output: the other end of the pipe is closed.
bool ReaderLeft() {
  pollfd output = {.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC's own lines would stand among ours, which programs read; what they say is in the errors.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  pcaps::pcapctl::Interrupt interrupt;  // Before gRPC starts threads of its own.
  const pcaps::pcapctl::Console console = {.out = std::cout,
                                           .err = std::cerr,
                                           .shows_progress = isatty(STDERR_FILENO) == 1,
                                           .reader_left = ReaderLeft};
  return pcaps::pcapctl::RunPcapctl({argv + 1, argv + argc}, console, interrupt.stop());
}
