#include "tests/emulator/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <utility>

namespace pcaps::emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto kValues = asio::as_tuple(asio::use_awaitable);
constexpr uint64_t kMaxBodyBytes = 1 << 20;
constexpr auto kIdleTimeout = std::chrono::seconds(400);  // As Cloudflare's edge.
constexpr auto kCloseTimeout = std::chrono::seconds(1);   // For the peer's close_notify.

Request ToRequest(http::request<http::string_body>&& message) {
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.authorization = std::string(message[http::field::authorization]);
  request.body = std::move(message.body());
  request.keep_alive = message.keep_alive();
  return request;
}

// What plain and TLS have in common.
template <typename Stream>
class StreamConnection : public Connection {
 public:
  template <typename... Args>
  explicit StreamConnection(Args&&... args) : stream_(std::forward<Args>(args)...) {
    boost::system::error_code ignored;
    Tcp().socket().set_option(tcp::no_delay(true), ignored);
  }

  Task<std::optional<Request>> Read() override {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kMaxBodyBytes);
    Tcp().expires_after(kIdleTimeout);
    const auto [error, bytes] = co_await http::async_read(stream_, buffer_, parser, kValues);
    Tcp().expires_never();
    if (error) co_return std::nullopt;
    co_return ToRequest(parser.release());
  }

  Task<bool> Write(absl::string_view bytes) override {
    const auto [error, written] =
        co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), kValues);
    co_return !error;
  }

  void Reset() override {
    boost::system::error_code ignored;
    Tcp().socket().set_option(asio::socket_base::linger(true, 0), ignored);
    Tcp().socket().close(ignored);
  }

 protected:
  beast::tcp_stream& Tcp() { return beast::get_lowest_layer(stream_); }

  Stream stream_;
  beast::flat_buffer buffer_;
};

class PlainConnection : public StreamConnection<beast::tcp_stream> {
 public:
  using StreamConnection::StreamConnection;

  Task<bool> Handshake() override { co_return true; }

  Task<void> Close() override {
    boost::system::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.socket().close(ignored);
    co_return;
  }
};

class TlsConnection : public StreamConnection<beast::ssl_stream<beast::tcp_stream>> {
 public:
  using StreamConnection::StreamConnection;

  Task<bool> Handshake() override {
    Tcp().expires_after(kIdleTimeout);
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kValues);
    co_return !error;
  }

  Task<void> Close() override {
    Tcp().expires_after(kCloseTimeout);
    co_await stream_.async_shutdown(kValues);  // Over in any case.
    Tcp().close();
  }
};

}  // namespace

std::unique_ptr<Connection> MakePlainConnection(tcp::socket socket) {
  return std::make_unique<PlainConnection>(std::move(socket));
}

std::unique_ptr<Connection> MakeTlsConnection(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsConnection>(std::move(socket), context);
}

}  // namespace pcaps::emulator
