#include "clients/gateway/pcapctl/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "clients/gateway/pcapctl/exit_code.h"

namespace pcaps::pcapctl {
namespace {

bool IsIgnored(int signal) {
  struct sigaction inherited = {};
  return sigaction(signal, nullptr, &inherited) == 0 && inherited.sa_handler == SIG_IGN;
}

// To be waited for. sigwait() would take a signal that is ignored, too.
sigset_t SignalsToTake() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);  // Which also ends the waiting.
  for (const int signal : {SIGINT, SIGHUP}) {
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  std::signal(SIGPIPE, SIG_IGN);  // A reader that leaves is an error of the write.
  const sigset_t signals = SignalsToTake();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this, signals] { WaitForSignals(signals); });
}

Interrupt::~Interrupt() {
  leaving_ = true;
  // Wakes its sigwait; the signal is blocked, so it ends nothing.
  pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void Interrupt::WaitForSignals(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && !leaving_) {
    if (!stop_.request_stop()) _exit(kExitInterrupted);
  }
}

}  // namespace pcaps::pcapctl
