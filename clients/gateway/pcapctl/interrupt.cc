#include "clients/gateway/pcapctl/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "clients/gateway/pcapctl/exit_code.h"

namespace pcaps::pcapctl {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  std::signal(SIGPIPE, SIG_IGN);  // A reader that leaves is an error of the write.
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { WaitForSignals(); });
}

Interrupt::~Interrupt() {
  leaving_ = true;
  // Wakes its sigwait; the signal is blocked, so it ends nothing.
  pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void Interrupt::WaitForSignals() {
  const sigset_t signals = Signals();
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && !leaving_) {
    if (!stop_.request_stop()) _exit(kExitInterrupted);
  }
}

}  // namespace pcaps::pcapctl
