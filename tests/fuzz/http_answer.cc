// What a server may send as an answer, through libcurl and a real connection: a body that looks
// whole is whole. Input: a letter, c where the server closes behind it in order and r where it
// resets the connection, then the bytes it sends.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/pcaps_api/http_client.h"
#include "tests/fuzz/property.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using Tcp = boost::asio::ip::tcp;
constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr absl::Duration kPatience = absl::Seconds(5);

struct Outcome {
  absl::Status status;
  HttpHead head;
  std::string body;
};

// A server and a client on one loop, for all inputs.
class World {
 public:
  World() {
    options_.allow_plaintext = true;
    // Small, so that inputs reach them: a transfer is paused, and heads are too long.
    options_.receive_bytes = 1024;
    options_.buffer_bytes = 1024;
    options_.max_header_bytes = 2048;
    client_ = std::make_unique<HttpClient>(loop_.get_executor(), options_, clock_);
    SpawnDetached(loop_.get_executor(), Serve());
  }

  void Feed(bool reset, absl::string_view answer) {
    reset_ = reset;
    answer_ = std::string(answer);
    const std::unique_ptr<HttpExchange> exchange =
        client_->Start({.url = absl::StrCat("http://127.0.0.1:", acceptor_.local_endpoint().port()),
                        .keep_connection = false});
    Check(*exchange, RunTask(loop_, Finish(*exchange)), answer);
  }

 private:
  Task<void> Serve() {
    while (true) {
      auto [no_connection, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (no_connection) continue;
      std::string request;
      co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(request),
                                             "\r\n\r\n", kAsTuple);
      co_await boost::asio::async_write(socket, boost::asio::buffer(answer_), kAsTuple);
      boost::system::error_code ignored;
      if (reset_) socket.set_option(Tcp::socket::linger(true, 0), ignored);
      socket.close(ignored);
    }
  }

  Task<Outcome> Finish(HttpExchange& exchange) {
    const absl::Time deadline = clock_.Now() + kPatience;
    Outcome outcome;
    outcome.status = co_await exchange.AwaitHead(deadline);
    if (!outcome.status.ok()) co_return outcome;
    outcome.head = exchange.head();
    while (true) {
      const absl::StatusOr<std::string> data = co_await exchange.Read(deadline);
      outcome.status = data.status();
      if (!data.ok() || data->empty()) co_return outcome;
      outcome.body += *data;
    }
  }

  static void Check(const HttpExchange& exchange, const Outcome& outcome,
                    absl::string_view answer) {
    Require(outcome.body.size() <= answer.size(), "a body is no more than what was sent");
    Require(exchange.maybe_sent(), "the request was sent");
    if (!outcome.status.ok()) {
      Require(exchange.failure() != HttpFailure::kNone, "an error is of a kind");
      Require(exchange.failure() != HttpFailure::kTimeout, "an answer that ends is waited for");
      Require(IsOneLine(outcome.status.message()) && outcome.status.message().size() <= 1024,
              "an error is one short line", outcome.status.message());
      return;
    }
    Require(exchange.failure() == HttpFailure::kNone, "what is whole did not fail");
    Require(outcome.head.status >= 200, "an answer has a status");
    const auto length = static_cast<int64_t>(outcome.body.size());
    if (outcome.head.status != 204) {
      Require(outcome.head.ContentLength().value_or(length) == length,
              "a whole body is as long as said", answer);
    }
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  HttpOptions options_;
  Tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::unique_ptr<HttpClient> client_;
  bool reset_ = false;
  std::string answer_;
};

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const world = new pcaps::World();
  if (size == 0 || (data[0] != 'c' && data[0] != 'r')) return -1;
  world->Feed(data[0] == 'r', {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
