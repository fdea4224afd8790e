// An HTTP server that misbehaves as told: on loopback, a port of its own, and a thread of its own.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pcaps {

struct TestRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
  int connection = 0;  // Counted from 1.
};

// What comes back, byte for byte.
struct TestAnswer {
  enum class Then { kKeepOpen, kClose, kReset, kHang };
  static constexpr size_t kEndless = SIZE_MAX;
  std::string bytes;
  // Not empty: follows `bytes` again and again, so long that there are `filler_bytes` of it, and
  // then comes `after`. They are never held in memory.
  std::string filler = "";
  size_t filler_bytes = kEndless;  // Until the client leaves.
  std::string after = "";
  Then then = Then::kKeepOpen;
  size_t piece = 0;  // Not 0: sent in pieces of so many bytes, with `pause` between.
  std::chrono::milliseconds pause{1};
};

// "HTTP/1.1 <status> ..." with Content-Length.
TestAnswer Answer(int status, const std::string& body, const std::string& headers = "");
// 200 with an envelope of success around `result`.
TestAnswer Success(const std::string& result);
// An envelope of failure.
TestAnswer Failure(int status, int code, const std::string& message);
TestAnswer Then(TestAnswer answer, TestAnswer::Then then);

class TestServer {
 public:
  using Handler = std::function<TestAnswer(const TestRequest&)>;  // On the server's thread.

  explicit TestServer(Handler handler, boost::asio::ssl::context* tls = nullptr);
  ~TestServer();

  std::string url() const;  // Without a slash at its end.
  std::vector<TestRequest> requests() const;
  // Bytes of answers that were handed to the kernel, of which up to some 100 KiB may be there
  // still.
  size_t sent() const { return sent_.load(); }
  int connections() const { return connections_.load(); }
  // False unless clients ended `count` connections that hung, within ten seconds.
  bool AwaitAbandoned(int count);
  // False unless `count` requests came within ten seconds.
  bool AwaitRequests(size_t count);

 private:
  boost::asio::awaitable<void> Accept();
  template <typename Stream>
  boost::asio::awaitable<void> Serve(std::shared_ptr<Stream> stream, int connection);
  template <typename Stream>
  boost::asio::awaitable<bool> Send(Stream& stream, const TestAnswer& answer);
  template <typename Stream>
  boost::asio::awaitable<bool> SendFiller(Stream& stream, const TestAnswer& answer);
  template <typename Stream>
  boost::asio::awaitable<bool> SendPart(Stream& stream, const std::string& part);
  template <typename Stream>
  boost::asio::awaitable<void> End(Stream& stream, TestAnswer::Then then);

  const Handler handler_;
  boost::asio::ssl::context* const tls_;
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<int> connections_{0};
  std::atomic<size_t> sent_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TestRequest> requests_;
  int abandoned_ = 0;
  std::thread thread_;
};

// A certificate for 127.0.0.1 that nobody but itself has signed.
struct TestCertificate {
  TestCertificate();
  ~TestCertificate();
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  std::string ca_file;
};

}  // namespace pcaps
