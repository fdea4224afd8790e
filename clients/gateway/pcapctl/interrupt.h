// Interrupt: Ctrl-C (SIGINT), SIGTERM and SIGHUP as a stop token.
#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace pcaps::pcapctl {

// Made first thing in main(), so that no other thread takes the signals. The first one requests the
// stop; a second one ends the process at once, for when something does not heed the first. SIGINT
// and SIGHUP that were ignored when the process began, by nohup or a script's &, stay ignored.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();

  std::stop_token stop() const { return stop_.get_token(); }

 private:
  void WaitForSignals(const sigset_t& signals);

  std::stop_source stop_;
  std::atomic<bool> leaving_ = false;
  std::thread thread_;
};

}  // namespace pcaps::pcapctl
