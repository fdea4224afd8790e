#include "tests/integration/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace pcaps::integration {
namespace {

constexpr size_t kReadBytes = 64 << 10;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe MakePipe() {
  std::array<int, 2> ends{};
  // Close-on-exec: a program started meanwhile must not hold the end open.
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  return {ends[0], ends[1]};
}

std::vector<std::string> EnvironmentOf(const Process::Environment& additions) {
  std::vector<std::string> environment;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable = *each;
    if (absl::StartsWith(variable, "CLOUDFLARE_") || absl::StartsWith(variable, "PCAPCTL_")) {
      continue;
    }
    environment.push_back(variable);
  }
  for (const auto& [name, value] : additions) environment.push_back(absl::StrCat(name, "=", value));
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& each : strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Whether the child ended within `patience`.
bool AwaitExit(pid_t pid, absl::Duration patience) {
  // glibc has a function for this only since 2.36.
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return false;
  const absl::Time until = absl::Now() + patience;
  int ready = 0;
  do {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    const absl::Duration rest = std::max(until - absl::Now(), absl::ZeroDuration());
    ready = poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(rest)));
  } while (ready < 0 && errno == EINTR);
  close(fd);
  return ready > 0;
}

}  // namespace

CapturedOutput::CapturedOutput(int read_end) : fd_(read_end), reader_([this] { ReadToEnd(); }) {}

CapturedOutput::~CapturedOutput() {
  reader_.join();
  close(fd_);
}

void CapturedOutput::ReadToEnd() {
  std::string piece(kReadBytes, '\0');
  while (true) {
    const ssize_t size = read(fd_, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    const absl::MutexLock lock(&mutex_);
    ended_ = size <= 0;
    if (ended_) return;
    text_.append(piece, 0, static_cast<size_t>(size));
  }
}

std::string CapturedOutput::text() const {
  const absl::MutexLock lock(&mutex_);
  return text_;
}

std::vector<std::string> CapturedOutput::Lines() const {
  std::vector<std::string> lines = absl::StrSplit(text(), '\n');
  lines.pop_back();  // What follows the last line break is no line yet.
  return lines;
}

std::optional<std::string> CapturedOutput::WaitForLine(
    const std::function<bool(const std::string&)>& wanted, absl::Duration patience) const {
  std::optional<std::string> found;
  size_t looked_at = 0;  // Up to here no line was wanted.
  const auto look = [&] {
    mutex_.AssertHeld();
    if (found.has_value()) return true;  // A condition may be asked again.
    for (size_t end; (end = text_.find('\n', looked_at)) != std::string::npos;) {
      std::string line = text_.substr(looked_at, end - looked_at);
      looked_at = end + 1;
      if (!wanted(line)) continue;
      found = std::move(line);
      return true;
    }
    return ended_;
  };
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&look), patience);
  return found;
}

bool CapturedOutput::WaitForEnd(absl::Duration patience) const {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&ended_), patience);
}

Process::Process(std::vector<std::string> argv, const Environment& environment) {
  // A test that crashes, or runs out of time, leaves no program behind.
  const std::vector<std::string> dies_with_us = {"/usr/bin/setpriv", "--pdeathsig", "KILL"};
  argv.insert(argv.begin(), dies_with_us.begin(), dies_with_us.end());
  const Pipe out = MakePipe();
  const Pipe err = MakePipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  // Whoever started the tests may ignore signals.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigfillset(&usual);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> variables = EnvironmentOf(environment);
  const int failed = posix_spawn(&pid_, argv[0].c_str(), &actions, &attributes,
                                 Pointers(argv).data(), Pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  EXPECT_EQ(failed, 0) << argv[0];
  if (failed != 0) exit_code_ = -1;
  posix_spawn_file_actions_destroy(&actions);
  close(out.write_end);
  close(err.write_end);
  out_ = std::make_unique<CapturedOutput>(out.read_end);
  err_ = std::make_unique<CapturedOutput>(err.read_end);
}

Process::~Process() {
  if (exit_code_.has_value()) return;
  Signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::Signal(int signal) const {
  if (!exit_code_.has_value()) kill(pid_, signal);
}

std::optional<int> Process::Wait(absl::Duration patience) {
  if (exit_code_.has_value()) return exit_code_;
  if (!AwaitExit(pid_, patience)) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  out_->WaitForEnd();
  err_->WaitForEnd();
  return exit_code_;
}

Finished RunToEnd(std::vector<std::string> argv, const Process::Environment& environment) {
  Process process(std::move(argv), environment);
  const std::optional<int> exit_code = process.Wait();
  EXPECT_TRUE(exit_code.has_value()) << "still runs, having said: " << process.err().text();
  return {exit_code.value_or(-1), process.out().text(), process.err().text()};
}

}  // namespace pcaps::integration
