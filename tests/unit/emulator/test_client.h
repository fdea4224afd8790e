// TestClient: a blocking HTTP/1.1 client over one connection, plain or TLS, that shows how a
// connection ends.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <limits>
#include <string>

namespace pcaps::emulator {

template <typename Stream>
class TestClient {
 public:
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  // `stream` is connected.
  explicit TestClient(Stream stream) : stream_(std::move(stream)) {}

  void Send(const std::string& method, const std::string& target, const std::string& body = "") {
    boost::beast::http::request<boost::beast::http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.set("Host", "emulator");
    request.set("Authorization", "Bearer token");
    request.body() = body;
    request.prepare_payload();
    boost::beast::http::write(stream_, request, error_);
  }

  // The next response, whole; see error() for how it failed.
  Response Read() {
    boost::beast::http::response_parser<boost::beast::http::string_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    boost::beast::http::read(stream_, buffer_, parser, error_);
    return parser.release();
  }

  Response Call(const std::string& method, const std::string& target,
                const std::string& body = "") {
    Send(method, target, body);
    return Read();
  }

  // Every byte up to the connection's end.
  std::string ReadToEnd() {
    std::string all;
    boost::asio::read(stream_, boost::asio::dynamic_buffer(all), error_);
    return all;
  }

  const boost::system::error_code& error() const { return error_; }

 private:
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::system::error_code error_;
};

inline boost::asio::ip::tcp::socket ConnectTo(boost::asio::io_context& loop, uint16_t port) {
  boost::asio::ip::tcp::socket socket(loop);
  socket.connect({boost::asio::ip::address_v4::loopback(), port});
  return socket;
}

}  // namespace pcaps::emulator
