#include "clients/pcaps_api/http_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/sha256.h"
#include "clients/pcaps_api/http_client.h"
#include "tests/unit/pcaps_api/test_server.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using boost::asio::ip::tcp;
using enum TestAnswer::Then;

// A whole exchange, as a plain value.
struct Outcome {
  absl::Status status;
  HttpFailure failure = HttpFailure::kNone;
  bool maybe_sent = false;
  HttpHead head;
  std::string body;
};

Task<Outcome> Finish(HttpExchange* exchange, absl::Time deadline) {
  Outcome outcome;
  outcome.status = co_await exchange->AwaitHead(deadline);
  while (outcome.status.ok()) {
    outcome.head = exchange->head();
    const absl::StatusOr<std::string> data = co_await exchange->Read(deadline);
    outcome.status = data.status();
    if (!data.ok() || data->empty()) break;
    outcome.body += *data;
  }
  outcome.failure = exchange->failure();
  outcome.maybe_sent = exchange->maybe_sent();
  co_return outcome;
}

class HttpExchangeTest : public testing::Test {
 protected:
  HttpExchangeTest() {
    options_.allow_plaintext = true;
    options_.user_agent = "test";
  }

  HttpClient& client() {
    if (client_ == nullptr) {
      client_ = std::make_unique<HttpClient>(loop_.get_executor(), options_, clock_);
    }
    return *client_;
  }

  Outcome Run(HttpRequest request, absl::Duration timeout = absl::Seconds(20)) {
    const std::unique_ptr<HttpExchange> exchange = client().Start(std::move(request));
    return RunTask(loop_, Finish(exchange.get(), clock_.Now() + timeout));
  }

  Outcome Get(const std::string& url, absl::Duration timeout = absl::Seconds(20)) {
    return Run({.url = url}, timeout);
  }

  // Runs an exchange, cancels it once `ready()` holds, and returns how it ended.
  Outcome Cancel(HttpRequest request, const std::function<bool(const HttpExchange&)>& ready) {
    const std::unique_ptr<HttpExchange> exchange = client().Start(std::move(request));
    std::optional<Outcome> outcome;
    boost::asio::cancellation_signal cancel;
    Spawn(loop_.get_executor(), cancel.slot(),
          Finish(exchange.get(), clock_.Now() + absl::Seconds(20)),
          [&](Outcome result) { outcome = std::move(result); });
    loop_.restart();
    bool cancelled = false;
    while (!outcome.has_value()) {
      loop_.run_one_for(std::chrono::milliseconds(10));
      if (cancelled || !ready(*exchange)) continue;
      cancelled = true;
      cancel.emit(boost::asio::cancellation_type::terminal);
    }
    return *outcome;
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  HttpOptions options_;
  std::unique_ptr<HttpClient> client_;
};

// A port where connecting hangs: its backlog is full and nobody accepts.
class FullBacklog {
 public:
  FullBacklog() : acceptor_(loop_) {
    acceptor_.open(tcp::v4());
    acceptor_.bind(tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    acceptor_.listen(0);
    for (tcp::socket& socket : waiting_) {
      socket.open(tcp::v4());
      socket.non_blocking(true);
      const tcp::endpoint endpoint = acceptor_.local_endpoint();
      // Asio's would wait.
      const int result = ::connect(socket.native_handle(), endpoint.data(), endpoint.size());
      EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
    }
  }
  std::string url() const {
    return absl::StrCat("http://127.0.0.1:", acceptor_.local_endpoint().port());
  }

 private:
  boost::asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::vector<tcp::socket> waiting_ = [this] {
    std::vector<tcp::socket> sockets;
    for (int i = 0; i < 4; ++i) sockets.emplace_back(loop_);
    return sockets;
  }();
};

TEST_F(HttpExchangeTest, BringsStatusHeadersAndBody) {
  TestServer server(
      [](const TestRequest&) { return Answer(207, "hello", "X-One: 1\r\nx-ONE: 2\r\n"); });
  const Outcome outcome = Get(server.url() + "/a?b=c");
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.head.status, 207);
  EXPECT_EQ(outcome.head.Header("x-one"), "1, 2");
  EXPECT_EQ(outcome.head.ContentLength(), 5);
  EXPECT_TRUE(outcome.head.HasFraming());
  EXPECT_EQ(outcome.body, "hello");
  EXPECT_TRUE(outcome.maybe_sent);
  const std::vector<TestRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].target, "/a?b=c");
  EXPECT_EQ(requests[0].headers.at("user-agent"), "test");
  EXPECT_EQ(requests[0].headers.count("accept-encoding"), 0U);
}

TEST_F(HttpExchangeTest, GetsShareAConnectionAndEveryOtherMethodHasItsOwn) {
  TestServer server([](const TestRequest&) { return Answer(200, "x"); });
  Get(server.url());
  Get(server.url());
  EXPECT_EQ(server.connections(), 1);
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    EXPECT_TRUE(Run({.method = method, .url = server.url(), .body = "b"}).status.ok());
  }
  EXPECT_EQ(server.connections(), 4);
}

TEST_F(HttpExchangeTest, ConnectionIsClosedBehindAnAnswerWhereItIsNotToBeKept) {
  TestServer server([](const TestRequest&) { return Answer(200, "x"); });
  EXPECT_TRUE(Run({.url = server.url(), .keep_connection = false}).status.ok());
  EXPECT_TRUE(Run({.url = server.url(), .keep_connection = false}).status.ok());
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpExchangeTest, WhatIsBeyondTheLengthOfAnAnswerIsNeverTheNextOne) {
  // Too long for libcurl to see the rest with the answer's end.
  const std::string too_long =
      Answer(200, std::string(300'000, 'x')).bytes + Answer(200, "forged").bytes;
  TestCertificate certificate;
  options_.ca_file = certificate.ca_file;
  for (boost::asio::ssl::context* const tls :
       {static_cast<decltype(&certificate.context)>(nullptr), &certificate.context}) {
    TestServer server([&](const TestRequest&) { return TestAnswer{.bytes = too_long}; }, tls);
    EXPECT_TRUE(Get(server.url()).status.ok());
    const Outcome next = Get(server.url());
    if (next.status.ok()) {  // This libcurl looks for itself.
      EXPECT_EQ(next.body.size(), 300'000U);
      EXPECT_EQ(server.connections(), 2);
    } else {
      EXPECT_EQ(next.failure, HttpFailure::kBroken);
      EXPECT_FALSE(next.maybe_sent);
      EXPECT_EQ(server.requests().size(), 1U);
    }
    const Outcome anew = Run({.url = server.url(), .fresh_connection = true});
    EXPECT_EQ(anew.body.size(), 300'000U);
  }
}

TEST_F(HttpExchangeTest, RequestOnAConnectionThatTurnsOutDeadIsNotSentAgain) {
  std::atomic<int> calls{0};
  TestServer server(
      [&](const TestRequest&) { return ++calls == 1 ? Answer(200, "x") : Then({}, kReset); });
  EXPECT_TRUE(Get(server.url()).status.ok());
  EXPECT_EQ(Get(server.url()).failure, HttpFailure::kBroken);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(HttpExchangeTest, SendsMethodBodyAndLengthAsGiven) {
  TestServer server([](const TestRequest&) { return Answer(200, "x"); });
  Run({.method = "POST",
       .url = server.url(),
       .headers = {{"Content-Type", "a/b"}},
       .body = std::string("a\0b", 3)});
  Run({.method = "PUT", .url = server.url()});
  Run({.method = "DELETE", .url = server.url()});
  const std::vector<TestRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].body, std::string("a\0b", 3));
  EXPECT_EQ(requests[0].headers.at("content-type"), "a/b");
  EXPECT_EQ(requests[1].method, "PUT");
  EXPECT_EQ(requests[1].headers.at("content-length"), "0");
  EXPECT_EQ(requests[1].headers.count("content-type"), 0U);
  EXPECT_EQ(requests[2].method, "DELETE");
}

TEST_F(HttpExchangeTest, BrokenAndTruncatedBodiesNeverLookWhole) {
  const std::string cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
  const std::string cut_chunk =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  const std::string cut_head = "HTTP/1.1 200 OK\r\nContent-Le";
  for (const std::string& bytes : {cut, cut_chunk, cut_head, std::string()}) {
    for (const TestAnswer::Then then : {kClose, kReset}) {
      TestServer server(
          [&](const TestRequest&) { return TestAnswer{.bytes = bytes, .then = then}; });
      const Outcome outcome = Get(server.url());
      EXPECT_EQ(outcome.failure, HttpFailure::kBroken) << bytes << " " << outcome.status;
      EXPECT_TRUE(outcome.maybe_sent);
    }
  }
}

TEST_F(HttpExchangeTest, BodyWithoutFramingIsRecognised) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const std::string& framing : {std::string(), std::string("Content-Length: -1\r\n")}) {
    TestServer server([&](const TestRequest&) {
      return TestAnswer{.bytes = head + framing + "\r\nhello", .then = kClose};
    });
    const Outcome outcome = Get(server.url());
    EXPECT_FALSE(outcome.status.ok() && outcome.head.HasFraming()) << framing;
  }
}

TEST_F(HttpExchangeTest, ContradictoryLengthsAreNoFraming) {
  TestServer server([](const TestRequest&) {
    return TestAnswer{
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello",
        .then = kClose};
  });
  const Outcome outcome = Get(server.url());
  EXPECT_FALSE(outcome.status.ok() && outcome.head.HasFraming());
}

TEST_F(HttpExchangeTest, WhatIsNotHttpIsMalformed) {
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n";
  for (const std::string& bytes : {std::string("220 mail ready\r\n"), endless}) {
    TestServer server(
        [&](const TestRequest&) { return TestAnswer{.bytes = bytes, .then = kClose}; });
    EXPECT_EQ(Get(server.url()).failure, HttpFailure::kMalformed) << bytes.substr(0, 30);
  }
}

TEST_F(HttpExchangeTest, HeadsOfStatus1xxAreSkipped) {
  TestServer server([](const TestRequest&) {
    TestAnswer answer = Answer(200, "real");
    answer.bytes = "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n" + answer.bytes;
    return answer;
  });
  const Outcome outcome = Get(server.url());
  EXPECT_EQ(outcome.head.status, 200);
  EXPECT_EQ(outcome.head.Header("x-early"), "");
  EXPECT_EQ(outcome.body, "real");
}

TEST_F(HttpExchangeTest, RedirectsAreNotFollowed) {
  TestServer server([](const TestRequest&) { return Answer(302, "", "Location: /elsewhere\r\n"); });
  EXPECT_EQ(Get(server.url()).head.status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpExchangeTest, ProxyOfTheEnvironmentIsIgnored) {
  TestServer server([](const TestRequest&) { return Answer(200, "direct"); });
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  const Outcome outcome = Get(server.url());
  unsetenv("http_proxy");
  EXPECT_EQ(outcome.body, "direct") << outcome.status;
}

TEST_F(HttpExchangeTest, ConfiguredProxyIsUsed) {
  TestServer proxy([](const TestRequest&) { return Answer(200, "by proxy"); });
  options_.proxy = proxy.url();
  EXPECT_EQ(Get("http://127.0.0.1:1/there").body, "by proxy");
  EXPECT_EQ(proxy.requests().at(0).target, "http://127.0.0.1:1/there");
}

TEST_F(HttpExchangeTest, PlainTextIsRefusedUnlessAllowed) {
  TestServer server([](const TestRequest&) { return Answer(200, "x"); });
  options_.allow_plaintext = false;
  const Outcome outcome = Get(server.url());
  EXPECT_FALSE(outcome.status.ok());
  EXPECT_FALSE(outcome.maybe_sent);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpExchangeTest, SelfSignedPeerIsRefusedBeforeAnythingIsSent) {
  TestCertificate certificate;
  TestServer server([](const TestRequest&) { return Answer(200, "x"); }, &certificate.context);
  const Outcome outcome = Run({.method = "POST", .url = server.url(), .body = "secret"});
  EXPECT_EQ(outcome.failure, HttpFailure::kTls) << outcome.status;
  EXPECT_FALSE(outcome.maybe_sent);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpExchangeTest, SelfSignedPeerIsAcceptedWithItsCaFile) {
  TestCertificate certificate;
  TestServer server([](const TestRequest&) { return Answer(200, std::string(300'000, 'x')); },
                    &certificate.context);
  options_.ca_file = certificate.ca_file;
  const Outcome outcome = Get(server.url());
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.body.size(), 300'000U);
}

TEST_F(HttpExchangeTest, RefusedConnectionSendsNothing) {
  const Outcome outcome = Run({.method = "POST", .url = "http://127.0.0.1:1", .body = "x"});
  EXPECT_EQ(outcome.failure, HttpFailure::kConnect) << outcome.status;
  EXPECT_FALSE(outcome.maybe_sent);
}

TEST_F(HttpExchangeTest, HangingConnectEndsByConnectTimeoutOrDeadline) {
  const FullBacklog backlog;
  options_.connect_timeout = absl::Milliseconds(100);
  EXPECT_EQ(Get(backlog.url()).failure, HttpFailure::kConnect);
  const Outcome late = Get(backlog.url(), absl::Milliseconds(20));
  EXPECT_EQ(late.failure, HttpFailure::kTimeout);
  EXPECT_FALSE(late.maybe_sent);
}

TEST_F(HttpExchangeTest, HangingTlsHandshakeEndsByConnectTimeout) {
  boost::asio::io_context loop;
  tcp::acceptor silent(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  options_.connect_timeout = absl::Milliseconds(100);
  const std::string url = absl::StrCat("https://127.0.0.1:", silent.local_endpoint().port());
  const absl::Time began = clock_.Now();
  const Outcome outcome = Run({.method = "POST", .url = url, .body = "secret"});
  EXPECT_EQ(outcome.failure, HttpFailure::kConnect) << outcome.status;
  EXPECT_FALSE(outcome.maybe_sent);
  EXPECT_LT(clock_.Now() - began, absl::Seconds(5));
}

TEST_F(HttpExchangeTest, SlowHeadersEndAtTheDeadline) {
  TestServer server(
      [](const TestRequest&) { return TestAnswer{.bytes = "HTTP/1.1 2", .then = kHang}; });
  const Outcome outcome = Get(server.url(), absl::Milliseconds(100));
  EXPECT_EQ(outcome.failure, HttpFailure::kTimeout);
  EXPECT_TRUE(outcome.maybe_sent);
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(HttpExchangeTest, SlowBodyEndsAtTheDeadline) {
  TestServer server([](const TestRequest&) {
    TestAnswer answer = Answer(200, std::string(1000, 'x'));
    answer.bytes.resize(answer.bytes.size() - 1);
    answer.then = kHang;
    return answer;
  });
  const Outcome outcome = Get(server.url(), absl::Milliseconds(100));
  EXPECT_EQ(outcome.failure, HttpFailure::kTimeout);
  EXPECT_EQ(outcome.head.status, 200);
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(HttpExchangeTest, CancellationWhileConnectingSendsNothing) {
  const FullBacklog backlog;
  const Outcome outcome = Cancel({.url = backlog.url()}, [](const HttpExchange&) { return true; });
  EXPECT_EQ(outcome.failure, HttpFailure::kCancelled);
  EXPECT_FALSE(outcome.maybe_sent);
}

TEST_F(HttpExchangeTest, CancellationWhileAwaitingTheHeadClosesTheConnection) {
  TestServer server([](const TestRequest&) { return TestAnswer{.then = kHang}; });
  const Outcome outcome = Cancel(
      {.url = server.url()}, [](const HttpExchange& exchange) { return exchange.maybe_sent(); });
  EXPECT_EQ(outcome.failure, HttpFailure::kCancelled);
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(HttpExchangeTest, CancellationWhileReadingClosesTheConnection) {
  TestServer server([](const TestRequest&) {
    return TestAnswer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", .then = kHang};
  });
  const Outcome outcome = Cancel({.url = server.url()}, [](const HttpExchange& exchange) {
    return exchange.head().status == 200;
  });
  EXPECT_EQ(outcome.failure, HttpFailure::kCancelled);
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(HttpExchangeTest, CancellationDoesNotEndAWriteOnceSent) {
  TestServer server([](const TestRequest&) {
    TestAnswer answer = Answer(200, "done");
    answer.piece = 8;
    answer.pause = std::chrono::milliseconds(10);
    return answer;
  });
  const Outcome outcome =
      Cancel({.method = "POST", .url = server.url(), .finish_once_sent = true},
             [](const HttpExchange& exchange) { return exchange.maybe_sent(); });
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.body, "done");
}

TEST_F(HttpExchangeTest, BeforeBytesCanKeepTheRequestFromBeingSent) {
  TestServer server([](const TestRequest&) { return Answer(200, "x"); });
  const Outcome outcome =
      Run({.method = "POST", .url = server.url(), .before_bytes = [] { return false; }});
  EXPECT_FALSE(outcome.status.ok());
  EXPECT_FALSE(outcome.maybe_sent);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpExchangeTest, DestroyedExchangeAbandonsItsTransfer) {
  TestServer server([](const TestRequest&) { return TestAnswer{.then = kHang}; });
  std::unique_ptr<HttpExchange> exchange = client().Start({.url = server.url()});
  while (!exchange->maybe_sent()) loop_.run_one();
  ASSERT_TRUE(server.AwaitRequests(1));
  exchange.reset();
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

TEST_F(HttpExchangeTest, ExchangeOutlivesItsClient) {
  TestServer server([](const TestRequest&) { return Answer(200, "still here"); });
  const std::unique_ptr<HttpExchange> exchange = client().Start({.url = server.url()});
  client_.reset();
  const Outcome outcome = RunTask(loop_, Finish(exchange.get(), clock_.Now() + absl::Seconds(20)));
  EXPECT_EQ(outcome.body, "still here");
}

Task<Outcome> OwnExchange(std::unique_ptr<HttpExchange> exchange, absl::Time deadline) {
  co_return co_await Finish(exchange.get(), deadline);
}

TEST_F(HttpExchangeTest, LoopMayBeDestroyedWithExchangesUnderWay) {
  TestServer server([](const TestRequest&) { return TestAnswer{.then = kHang}; });
  bool ended = false;
  {
    boost::asio::io_context loop;
    HttpClient client(loop.get_executor(), options_, clock_);
    Spawn(loop.get_executor(), {},
          OwnExchange(client.Start({.url = server.url()}), absl::InfiniteFuture()),
          [&](const Outcome&) { ended = true; });
    while (server.requests().empty()) loop.run_one_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(ended);
  EXPECT_TRUE(server.AwaitAbandoned(1));
}

struct SlowRead {
  absl::Status status;
  std::string sha256;
  int64_t size = 0;
  int reads = 0;
  size_t largest = 0;
};

// Takes a part only after the loop had time to fill the buffer and stop the transfer.
Task<SlowRead> ReadSlowly(HttpExchange* exchange, absl::Time deadline) {
  SlowRead result;
  Sha256 hash;
  result.status = co_await exchange->AwaitHead(deadline);
  const Loop loop = co_await boost::asio::this_coro::executor;
  while (result.status.ok()) {
    for (int turn = 0; turn < 3; ++turn) {
      co_await boost::asio::post(loop, boost::asio::use_awaitable);
    }
    const absl::StatusOr<std::string> data = co_await exchange->Read(deadline);
    result.status = data.status();
    if (!data.ok() || data->empty()) break;
    hash.Update(*data);
    result.size += static_cast<int64_t>(data->size());
    result.largest = std::max(result.largest, data->size());
    ++result.reads;
  }
  result.sha256 = hash.Finish();
  co_return result;
}

TEST_F(HttpExchangeTest, LargeBodySurvivesThousandsOfPausesInBoundedMemory) {
  std::string body(64 << 20, '\0');
  uint32_t state = 1;
  for (char& byte : body) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  TestServer server([&](const TestRequest&) { return Answer(200, body); });
  options_.buffer_bytes =
      20'000;  // A part and a bit: nearly every second part is refused at first.
  const std::unique_ptr<HttpExchange> exchange = client().Start({.url = server.url()});
  const SlowRead read =
      RunTask(loop_, ReadSlowly(exchange.get(), clock_.Now() + absl::Seconds(100)));
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.size, static_cast<int64_t>(body.size()));
  EXPECT_EQ(read.sha256, Sha256::Of(body));
  EXPECT_LE(read.largest, options_.buffer_bytes);
  EXPECT_GE(read.reads, 3000);  // Each refilled the buffer.
}

}  // namespace
}  // namespace pcaps
