#include "tests/emulator/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/emulator/answer_writer.h"
#include "tests/emulator/connection.h"

namespace pcaps::emulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kValues = asio::as_tuple(asio::use_awaitable);

absl::StatusOr<tcp::endpoint> ParseEndpoint(absl::string_view listen) {
  const size_t colon = listen.rfind(':');
  absl::string_view host = listen.substr(0, std::min(colon, listen.size()));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  int port = -1;
  const bool has_port =
      colon != absl::string_view::npos && absl::SimpleAtoi(listen.substr(colon + 1), &port);
  if (error || !has_port || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("not an address and port: ", listen));
  }
  return tcp::endpoint(address, static_cast<asio::ip::port_type>(port));
}

void Log(const Request& request, const Answer& answer) {
  std::fprintf(stderr, "%s %s -> %d\n", request.method.c_str(), request.target.c_str(),
               answer.silent || answer.raw ? 0 : answer.status);
}

}  // namespace

absl::Status HttpServer::UseTls(const std::string& certificate_file, const std::string& key_file) {
  tls_.emplace(asio::ssl::context::tls_server);
  boost::system::error_code error;
  tls_->use_certificate_chain_file(certificate_file, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat(certificate_file, ": ", error.message()));
  }
  tls_->use_private_key_file(key_file, asio::ssl::context::pem, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(key_file, ": ", error.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::string> HttpServer::Start(absl::string_view listen) {
  const absl::StatusOr<tcp::endpoint> endpoint = ParseEndpoint(listen);
  if (!endpoint.ok()) return endpoint.status();
  boost::system::error_code error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat(listen, ": ", error.message()));
  SpawnDetached(loop_, Accept());
  const tcp::endpoint local = acceptor_.local_endpoint(error);
  const std::string address = local.address().to_string();
  return absl::StrCat(tls_ ? "https://" : "http://",
                      local.address().is_v6() ? absl::StrCat("[", address, "]") : address, ":",
                      local.port());
}

Task<void> HttpServer::Accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(kValues);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    emulator_.CountConnection();
    SpawnDetached(loop_, Serve(std::move(socket)));
  }
}

Task<void> HttpServer::Serve(tcp::socket socket) {
  const std::unique_ptr<Connection> connection =
      tls_ ? MakeTlsConnection(std::move(socket), *tls_) : MakePlainConnection(std::move(socket));
  const bool secured = co_await connection->Handshake();
  bool serves = secured;
  while (serves) {
    const std::optional<Request> request = co_await connection->Read();
    if (!request) break;
    Answer answer = emulator_.Handle(*request, absl::Now());
    if (verbose_) Log(*request, answer);
    const bool last = !request->keep_alive && answer.ending == Ending::kKeepAlive;
    if (last) answer.ending = Ending::kClose;
    serves = co_await WriteAnswer(*connection, std::move(answer));
  }
}

}  // namespace pcaps::emulator
