// Redis: a redis-server as its own process, on a port of its own.
#pragma once

#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/certificate.h"
#include "tests/integration/support/process.h"
#include "tests/integration/support/temp_dir.h"

namespace pcaps::integration {

class Redis {
 public:
  // `flags`: more of redis-server's own, "--requirepass", "secret" for instance. With
  // `certificate`, which outlives it, it speaks TLS. It keeps nothing.
  explicit Redis(const std::vector<std::string>& flags = {},
                 const Certificate* certificate = nullptr);

  int port() const { return port_; }
  std::string url() const;
  Process& process() { return *process_; }

  // Ends it without a word; what it kept is lost.
  void Kill();
  // After Kill(): runs it again, empty, on its port.
  void Start();
  // Keeps its connections and answers nothing until Resume().
  void Pause() { process_->Signal(SIGSTOP); }
  void Resume() { process_->Signal(SIGCONT); }
  // What redis-cli prints for a command, without the last line break. Not with TLS.
  std::string Command(std::vector<std::string> words) const;

 private:
  // Whether it comes to accept connections on port_.
  bool Run();

  std::vector<std::string> flags_;  // Those that do not name a port.
  TempDir directory_;
  bool tls_ = false;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace pcaps::integration
