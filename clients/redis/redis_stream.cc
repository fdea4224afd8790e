#include "clients/redis/redis_stream.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

using boost::asio::ip::tcp;
namespace ssl = boost::asio::ssl;
constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

absl::Status Broken(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) {
    return absl::UnavailableError("the connection broke: it was closed");
  }
  return absl::UnavailableError(absl::StrCat("the connection broke: ", CleanText(error.message())));
}

}  // namespace

struct RedisStream::Tls {
  Tls(tcp::socket& socket, ssl::context& context) : stream(socket, context) {}
  ssl::stream<tcp::socket&> stream;
};

RedisStream::RedisStream(const Loop& loop) : socket_(loop) {}
RedisStream::~RedisStream() = default;

Task<absl::Status> RedisStream::Connect(std::shared_ptr<RedisStream> stream,
                                        std::vector<tcp::endpoint> endpoints) {
  const auto [error, endpoint] =
      co_await boost::asio::async_connect(stream->socket_, endpoints, kAsTuple);
  if (error) co_return absl::UnavailableError(error.message());
  boost::system::error_code ignored;
  stream->socket_.set_option(tcp::no_delay(true), ignored);
  stream->socket_.set_option(tcp::socket::keep_alive(true), ignored);
  co_return absl::OkStatus();
}

Task<absl::Status> RedisStream::StartTls(std::shared_ptr<RedisStream> stream, std::string host,
                                         std::string ca_file) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.native_handle(), SSL_VERIFY_PEER, nullptr);
  const int trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.native_handle())
                                      : SSL_CTX_load_verify_locations(context.native_handle(),
                                                                      ca_file.c_str(), nullptr);
  if (trusted != 1) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("no certificates can be read from ", ca_file));
  }
  stream->tls_ = std::make_unique<Tls>(stream->socket_, context);  // It shares the context.
  SSL* const session = stream->tls_->stream.native_handle();
  X509_VERIFY_PARAM* const names = SSL_get0_param(session);
  if (X509_VERIFY_PARAM_set1_ip_asc(names, host.c_str()) != 1) {  // It is no address.
    SSL_set_tlsext_host_name(session, host.c_str());
    X509_VERIFY_PARAM_set1_host(names, host.c_str(), host.size());
  }
  const auto [error] =
      co_await stream->tls_->stream.async_handshake(ssl::stream_base::client, kAsTuple);
  if (!error) co_return absl::OkStatus();
  const long verified = SSL_get_verify_result(session);
  if (verified != X509_V_OK) {
    co_return absl::UnavailableError(
        absl::StrCat("its certificate does not verify: ", X509_verify_cert_error_string(verified)));
  }
  co_return absl::UnavailableError(
      absl::StrCat("the TLS handshake failed: it may not speak TLS on this port (",
                   CleanText(error.message()), ")"));
}

Task<absl::StatusOr<size_t>> RedisStream::Read(char* data, size_t size) {
  const auto buffer = boost::asio::buffer(data, size);
  if (tls_ == nullptr) {
    const auto [error, count] = co_await socket_.async_read_some(buffer, kAsTuple);
    if (error) co_return Broken(error);
    co_return count;
  }
  const auto [error, count] = co_await tls_->stream.async_read_some(buffer, kAsTuple);
  if (error) co_return Broken(error);
  co_return count;
}

Task<absl::Status> RedisStream::Write(absl::string_view bytes) {
  const auto buffer = boost::asio::buffer(bytes.data(), bytes.size());
  if (tls_ == nullptr) {
    const auto [error, count] = co_await boost::asio::async_write(socket_, buffer, kAsTuple);
    co_return error ? Broken(error) : absl::OkStatus();
  }
  const auto [error, count] = co_await boost::asio::async_write(tls_->stream, buffer, kAsTuple);
  co_return error ? Broken(error) : absl::OkStatus();
}

void RedisStream::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace pcaps
