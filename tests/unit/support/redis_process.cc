#include "tests/unit/support/redis_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "absl/time/clock.h"

extern char** environ;

namespace pcaps {
namespace {

using boost::asio::ip::tcp;

// redis-server cannot say which port it chose: a port that is free now, and may be taken when it
// starts.
constexpr int kAttempts = 5;
constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr absl::Duration kPause = absl::Milliseconds(5);

int FreePort() {
  boost::asio::io_context loop;
  const tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

// Somebody listens there. Whether Redis is ready is the client's to find out.
bool Listens(int port) {
  boost::asio::io_context loop;
  tcp::socket socket(loop);
  boost::system::error_code error;
  socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)},
                 error);
  return !error;
}

}  // namespace

RedisProcess::RedisProcess(std::vector<std::string> flags) : flags_(std::move(flags)) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    port_ = FreePort();
    if (Start()) return;
  }
  ADD_FAILURE() << "redis-server does not start";
}

RedisProcess::~RedisProcess() { Kill(); }

RedisAddress RedisProcess::address() const { return {.host = "127.0.0.1", .port = port_}; }

void RedisProcess::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void RedisProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::Restart() { EXPECT_TRUE(Start()) << "redis-server does not start again"; }

bool RedisProcess::Start() {
  std::vector<std::string> argv = {
      "redis-server", "--bind", "127.0.0.1", "--save", "", "--port", std::to_string(port_)};
  argv.insert(argv.end(), flags_.begin(), flags_.end());  // A later --port counts.
  for (std::string& arg : argv) {
    for (size_t at = arg.find("%PORT%"); at != std::string::npos; at = arg.find("%PORT%")) {
      arg.replace(at, 6, std::to_string(port_));
    }
  }
  std::vector<char*> raw;
  for (std::string& arg : argv) raw.push_back(arg.data());
  raw.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addchdir_np(&actions, testing::TempDir().c_str());
  const int spawned =
      posix_spawn(&pid_, "/usr/bin/redis-server", &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return false;
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end; absl::SleepFor(kPause)) {
    if (Listens(port_)) return true;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;  // The port was taken.
  }
  Kill();
  return false;
}

}  // namespace pcaps
