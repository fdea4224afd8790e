// Redis: a redis-server as its own process, on a port of its own.
#pragma once

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

 private:
  TempDir directory_;
  bool tls_ = false;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace pcaps::integration
