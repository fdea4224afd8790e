// Reloader: has files read again when they have changed, while everything goes on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/telemetry/log.h"

namespace pcaps {

// Looks at the files themselves, and not for events: a Kubernetes volume changes by the swap of a
// directory link, a network file system tells nobody. A change counts once it has been the same for
// one more look, so that a file, or a certificate and its key, are not read while they are written;
// but no longer than ten seconds.
class Reloader {
 public:
  struct Watched {
    std::string what;  // For the log: "tls", "callers", ...
    std::vector<std::string> files;
    // Reads them and puts them in force; an error leaves what was in force. On the reloader's
    // thread.
    std::function<absl::Status()> reload;
  };

  // `log` outlives it.
  Reloader(Log& log, std::vector<Watched> watched);
  ~Reloader() { Stop(); }
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Looks every second from now on, on a thread of its own. What was read at the start is read once
  // more: it may have changed since.
  void Start();
  // Returns when nothing is being reloaded any more.
  void Stop();

  // Looks once. In place of Start().
  void Look(absl::Time now);

  // Of what is watched under this name, together. Any thread.
  struct Counts {
    int64_t ok = 0;  // Not counting the first time, at the start.
    int64_t failed = 0;
    bool failing = false;  // The files as they are now cannot be put in force.
  };
  Counts counts(const std::string& what) const;

 private:
  struct State {
    Watched watched;
    std::string seen;                             // The files as the last look found them,
    std::string tried;                            // and as they were read last. Empty: not yet.
    absl::Time changed = absl::InfiniteFuture();  // When it was first seen not to be as read.
    absl::Status failed;
    absl::Time told;
  };

  void Run();
  void Reload(State& state, absl::Time now);
  void Count(const std::string& what, bool is_first, bool ok);
  void Shout(State& state, absl::Time now);

  Log& log_;
  std::vector<State> states_;  // Of the thread that looks.

  mutable std::mutex mutex_;
  std::map<std::string, Counts> counts_;  // Guarded by mutex_.
  std::condition_variable stopping_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace pcaps
