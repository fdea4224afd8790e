// RedisProcess: a redis-server as a process of its own, on a port of its own. It keeps nothing.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "clients/redis/redis_url.h"

namespace pcaps {

class RedisProcess {
 public:
  // `flags`: more of redis-server's own, where %PORT% is its port. Returns when it listens.
  explicit RedisProcess(std::vector<std::string> flags = {});
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  RedisAddress address() const;
  int port() const { return port_; }

  void Signal(int signal) const;
  void Kill();     // And waits for its end.
  void Restart();  // After Kill(): on the same port, and empty. Returns when it listens.

 private:
  bool Start();

  const std::vector<std::string> flags_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace pcaps
