// ServerThread: an emulator on a free loopback port, on a thread of its own while it lives.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "tests/emulator/http_server.h"

namespace pcaps::emulator {

class ServerThread {
 public:
  // Plain, or TLS with PEM files.
  explicit ServerThread(const EmulatorOptions& options = {}, const std::string& certificate = "",
                        const std::string& key = "")
      : emulator_(options), server_(loop_.get_executor(), emulator_) {
    if (!certificate.empty()) {
      EXPECT_TRUE(server_.UseTls(certificate, key).ok());
    }
    url_ = server_.Start("127.0.0.1:0").value();
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(url_.substr(url_.rfind(':') + 1), &port));
    port_ = static_cast<uint16_t>(port);
    thread_ = std::thread([this] { loop_.run(); });
  }

  ~ServerThread() {
    loop_.stop();
    thread_.join();
  }

  const std::string& url() const { return url_; }
  uint16_t port() const { return port_; }

 private:
  Emulator emulator_;
  boost::asio::io_context loop_{1};
  HttpServer server_;
  std::string url_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace pcaps::emulator
