// Redis: a redis-server as its own process, on a port of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/process.h"
#include "tests/integration/support/temp_dir.h"

namespace pcaps::integration {

class Redis {
 public:
  // `flags`: more of redis-server's own, "--requirepass", "secret" for instance. It keeps nothing.
  explicit Redis(const std::vector<std::string>& flags = {});

  int port() const { return port_; }
  std::string url() const;
  Process& process() { return *process_; }

 private:
  TempDir directory_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace pcaps::integration
