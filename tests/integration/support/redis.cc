#include "tests/integration/support/redis.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pcaps::integration {
namespace {

// redis-server cannot say which port it chose: a port that is free now, and may be taken when it
// starts.
constexpr int kAttempts = 5;

int FreePort() {
  boost::asio::io_context loop;
  const boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0},
                                                /*reuse_addr=*/true);
  return acceptor.local_endpoint().port();
}

}  // namespace

Redis::Redis(const std::vector<std::string>& flags, const Certificate* certificate)
    : tls_(certificate != nullptr) {
  flags_ = {"--bind", "127.0.0.1", "--save", "", "--dir", directory_.File("")};
  if (tls_) {
    const std::vector<std::string> files = {"--tls-auth-clients", "no",
                                            "--tls-cert-file",    certificate->file(),
                                            "--tls-key-file",     certificate->key_file(),
                                            "--tls-ca-cert-file", certificate->file()};
    flags_.insert(flags_.end(), files.begin(), files.end());
  }
  flags_.insert(flags_.end(), flags.begin(), flags.end());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    port_ = FreePort();
    if (Run()) return;
  }
  ADD_FAILURE() << "redis-server does not start: " << process_->out().text();
}

bool Redis::Run() {
  const std::string port = std::to_string(port_);
  std::vector<std::string> argv = {"/usr/bin/redis-server", "--port", port};
  if (tls_) argv = {"/usr/bin/redis-server", "--port", "0", "--tls-port", port};
  argv.insert(argv.end(), flags_.begin(), flags_.end());
  process_ = std::make_unique<Process>(std::move(argv));
  const auto ready = process_->out().WaitForLine([](const std::string& line) {
    return absl::StrContains(line, "Ready to accept connections");
  });
  return ready.has_value();
}

void Redis::Kill() {
  process_->Signal(SIGKILL);
  EXPECT_TRUE(process_->Wait().has_value()) << "redis-server did not end";
}

void Redis::Start() { EXPECT_TRUE(Run()) << process_->out().text(); }

std::string Redis::Command(std::vector<std::string> words) const {
  words.insert(words.begin(), {"/usr/bin/redis-cli", "-p", std::to_string(port_)});
  Finished cli = RunToEnd(std::move(words));
  EXPECT_EQ(cli.exit_code, 0) << cli.err;
  if (absl::EndsWith(cli.out, "\n")) cli.out.pop_back();
  return cli.out;
}

std::string Redis::url() const {
  return absl::StrCat(tls_ ? "rediss" : "redis", "://127.0.0.1:", port_);
}

}  // namespace pcaps::integration
