// An admin port on a loop of its own, and a peer that sends it any bytes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <memory>
#include <semaphore>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/admin/admin_server.h"
#include "service/loop_thread.h"
#include "tests/unit/service/rpc/connections/listening.h"

namespace pcaps {

// Blocking; what the server does not answer or close runs into the test's time limit.
class RawPeer {
 public:
  explicit RawPeer(int port) : socket_(ConnectTo(port)) {}

  void Send(const std::string& bytes) {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;  // The server has had enough.
      sent += static_cast<size_t>(n);
    }
  }
  void SendEnd() { shutdown(socket_.get(), SHUT_WR); }

  // One answer, whole: its head, then as many bytes as that says, or none (to a HEAD).
  std::string Read(bool with_body = true) {
    while (!absl::StrContains(read_, "\r\n\r\n") && ReadSome()) {
    }
    size_t size = read_.find("\r\n\r\n");
    if (size == std::string::npos) return std::exchange(read_, "");
    size += 4;
    if (with_body) size += ContentLength(read_);
    while (read_.size() < size && ReadSome()) {
    }
    std::string answer = read_.substr(0, size);
    read_.erase(0, size);
    return answer;
  }
  // All there is up to the end of the connection.
  std::string ReadToEnd() {
    while (ReadSome()) {
    }
    return std::exchange(read_, "");
  }
  std::string Get(const std::string& path) {
    Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: admin\r\n\r\n"));
    return Read();
  }
  bool HasInput(int wait_ms) {
    pollfd input{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return poll(&input, 1, wait_ms) > 0;
  }

 private:
  static size_t ContentLength(const std::string& answer) {
    const std::string name = "Content-Length: ";
    const size_t at = answer.find(name);
    size_t size = 0;
    const std::string value = answer.substr(at + name.size());
    EXPECT_TRUE(absl::SimpleAtoi(value.substr(0, value.find('\r')), &size)) << answer;
    return size;
  }
  bool ReadSome() {
    std::array<char, 4096> some;
    const ssize_t n = recv(socket_.get(), some.data(), some.size(), 0);
    if (n > 0) read_.append(some.data(), static_cast<size_t>(n));
    return n > 0;
  }

  Descriptor socket_;
  std::string read_;
};

class AdminServerTest : public testing::Test {
 protected:
  // Nothing times out unless a test says so.
  static AdminOptions Patient() {
    AdminOptions options;
    options.times = {.request = absl::Hours(1), .idle = absl::Hours(1), .write = absl::Hours(1)};
    options.page_timeout = absl::Hours(1);
    return options;
  }

  void Start(const AdminOptions& options = Patient()) {
    server_ = std::make_unique<AdminServer>(loop_.executor(), Pages(), options);
    const absl::StatusOr<std::string> listening = server_->Start("127.0.0.1:0");
    ASSERT_TRUE(listening.ok()) << listening.status();
    ASSERT_TRUE(absl::SimpleAtoi(listening->substr(listening->rfind(':') + 1), &port_));
  }
  RawPeer Connect() const { return RawPeer(port_); }

  static constexpr size_t kBigPage = 64 << 20;  // More than sockets take unread.

  LoopThread loop_{"admin"};
  std::counting_semaphore<> hanging_{0};  // Counts the calls of /hangs.
  std::unique_ptr<AdminServer> server_;
  int port_ = 0;

 private:
  static Task<AdminPage> Show(AdminRequest request) {
    AdminPage page;
    page.body = absl::StrCat("path ", request.path, " query ", request.query, "\n");
    co_return page;
  }
  static Task<AdminPage> Big() {
    AdminPage page;
    page.body.assign(kBigPage, 'x');
    co_return page;
  }
  static Task<AdminPage> Hang(std::counting_semaphore<>* hanging) {
    hanging->release();
    Event never(co_await boost::asio::this_coro::executor);
    co_await never.Wait();
    co_return AdminLine(500, "given up");
  }
  AdminPages Pages() {
    return {{"/show", Show},
            {"/big", [](AdminRequest) { return Big(); }},
            {"/hangs", [this](AdminRequest) { return Hang(&hanging_); }}};
  }
};

}  // namespace pcaps
