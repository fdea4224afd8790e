// Process: a program under test, everything it prints captured, killed with its owner.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pcaps::integration {

// Long enough for a loaded machine: a test that waits in vain fails after it.
constexpr absl::Duration kPatience = absl::Seconds(20);

// Reads a pipe to its end on a thread of its own.
class CapturedOutput {
 public:
  explicit CapturedOutput(int read_end);
  ~CapturedOutput();
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  std::string text() const;
  std::vector<std::string> Lines() const;
  // The first whole line that `wanted` accepts; nullopt where none comes within `patience`, or the
  // output ends.
  std::optional<std::string> WaitForLine(const std::function<bool(const std::string&)>& wanted,
                                         absl::Duration patience = kPatience) const;
  // False where the output does not end within `patience`.
  bool WaitForEnd(absl::Duration patience = kPatience) const;

 private:
  void ReadToEnd();

  const int fd_;
  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

class Process {
 public:
  using Environment = std::map<std::string, std::string>;

  // Runs argv[0], a path, from the main thread, with `environment` beside this process's own, of
  // which nothing that our programs read is left.
  explicit Process(std::vector<std::string> argv, const Environment& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  const CapturedOutput& out() const { return *out_; }
  const CapturedOutput& err() const { return *err_; }
  pid_t pid() const { return pid_; }

  void Signal(int signal) const;
  // Exit code, or 128 + the signal that ended it, after all its output is read; nullopt while it
  // runs longer than `patience`.
  std::optional<int> Wait(absl::Duration patience = kPatience);
  // Whether Wait() has seen its end.
  bool ended() const { return exit_code_.has_value(); }

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::unique_ptr<CapturedOutput> out_;
  std::unique_ptr<CapturedOutput> err_;
};

// What a program that ends by itself came to.
struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};
Finished RunToEnd(std::vector<std::string> argv, const Process::Environment& environment = {});

}  // namespace pcaps::integration
