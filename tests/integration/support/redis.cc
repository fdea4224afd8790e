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
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    port_ = FreePort();
    std::vector<std::string> argv = {
        "/usr/bin/redis-server", "--bind", "127.0.0.1", "--save", "", "--dir", directory_.File("")};
    const std::string port = std::to_string(port_);
    const std::vector<std::string> listen = tls_ ? std::vector<std::string>{"--port",
                                                                            "0",
                                                                            "--tls-port",
                                                                            port,
                                                                            "--tls-auth-clients",
                                                                            "no",
                                                                            "--tls-cert-file",
                                                                            certificate->file(),
                                                                            "--tls-key-file",
                                                                            certificate->key_file(),
                                                                            "--tls-ca-cert-file",
                                                                            certificate->file()}
                                                 : std::vector<std::string>{"--port", port};
    argv.insert(argv.end(), listen.begin(), listen.end());
    argv.insert(argv.end(), flags.begin(), flags.end());
    process_ = std::make_unique<Process>(std::move(argv));
    const auto ready = process_->out().WaitForLine([](const std::string& line) {
      return absl::StrContains(line, "Ready to accept connections");
    });
    if (ready.has_value()) return;
  }
  ADD_FAILURE() << "redis-server does not start: " << process_->out().text();
}

std::string Redis::url() const {
  return absl::StrCat(tls_ ? "rediss" : "redis", "://127.0.0.1:", port_);
}

}  // namespace pcaps::integration
