#include "tests/unit/pcaps_api/test_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kSendBufferBytes = 64 << 10;
constexpr size_t kBlockBytes = 16 << 10;
constexpr auto kAsValues = asio::as_tuple(asio::use_awaitable);

TestRequest Plain(const http::request<http::string_body>& request, int connection) {
  TestRequest plain;
  plain.method = request.method_string();
  plain.target = request.target();
  plain.body = request.body();
  plain.connection = connection;
  for (const auto& field : request) {
    plain.headers[absl::AsciiStrToLower(std::string(field.name_string()))] =
        std::string(field.value());
  }
  return plain;
}

}  // namespace

TestAnswer Answer(int status, const std::string& body, const std::string& headers) {
  TestAnswer answer;
  answer.bytes = absl::StrCat("HTTP/1.1 ", status, " Some Words\r\nContent-Length: ", body.size(),
                              "\r\n", headers, "\r\n", body);
  return answer;
}

TestAnswer Success(const std::string& result) {
  return Answer(200,
                absl::StrCat(R"({"success":true,"errors":[],"messages":[],"result":)", result, "}"),
                "Content-Type: application/json\r\n");
}

TestAnswer Failure(int status, int code, const std::string& message) {
  return Answer(status,
                absl::StrCat(R"({"success":false,"errors":[{"code":)", code, R"(,"message":")",
                             message, R"("}],"result":null})"),
                "Content-Type: application/json\r\ncf-ray: 5b1a2c-FRA\r\n");
}

TestAnswer Then(TestAnswer answer, TestAnswer::Then then) {
  answer.then = then;
  return answer;
}

TestServer::TestServer(Handler handler, asio::ssl::context* tls)
    : handler_(std::move(handler)),
      tls_(tls),
      acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  asio::co_spawn(loop_, Accept(), asio::detached);
  thread_ = std::thread([this] { loop_.run(); });
}

TestServer::~TestServer() {
  loop_.stop();
  thread_.join();
}

std::string TestServer::url() const {
  return absl::StrCat(tls_ == nullptr ? "http" : "https",
                      "://127.0.0.1:", acceptor_.local_endpoint().port());
}

std::vector<TestRequest> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool TestServer::AwaitAbandoned(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return abandoned_ >= count; });
}

bool TestServer::AwaitRequests(size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return requests_.size() >= count; });
}

asio::awaitable<void> TestServer::Accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(kAsValues);
    if (error) co_return;
    // Little of what nobody reads is to count as sent.
    socket.set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), error);
    const int connection = ++connections_;
    if (tls_ == nullptr) {
      asio::co_spawn(loop_, Serve(std::make_shared<tcp::socket>(std::move(socket)), connection),
                     asio::detached);
    } else {
      asio::co_spawn(loop_,
                     Serve(std::make_shared<TlsStream>(std::move(socket), *tls_), connection),
                     asio::detached);
    }
  }
}

template <typename Stream>
asio::awaitable<void> TestServer::Serve(std::shared_ptr<Stream> stream, int connection) {
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    auto [error] = co_await stream->async_handshake(asio::ssl::stream_base::server, kAsValues);
    if (error) co_return;
  }
  boost::beast::flat_buffer buffer;
  while (true) {
    http::request<http::string_body> request;
    auto [error, size] = co_await http::async_read(*stream, buffer, request, kAsValues);
    if (error) co_return;
    const TestRequest plain = Plain(request, connection);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(plain);
      changed_.notify_all();
    }
    const TestAnswer answer = handler_(plain);
    const bool sent = co_await Send(*stream, answer);
    if (sent && answer.then == TestAnswer::Then::kKeepOpen) continue;
    co_await End(*stream, answer.then);
    co_return;
  }
}

template <typename Stream>
asio::awaitable<bool> TestServer::Send(Stream& stream, const TestAnswer& answer) {
  const size_t piece = answer.piece == 0 ? std::max<size_t>(answer.bytes.size(), 1) : answer.piece;
  for (size_t from = 0; from < answer.bytes.size(); from += piece) {
    const std::string part = answer.bytes.substr(from, piece);
    const bool sent = co_await SendPart(stream, part);
    if (!sent) co_return false;
    if (answer.piece == 0) continue;
    asio::steady_timer timer(loop_, answer.pause);
    co_await timer.async_wait(kAsValues);
  }
  if (answer.filler.empty()) co_return true;
  co_return co_await SendFiller(stream, answer);
}

template <typename Stream>
asio::awaitable<bool> TestServer::SendFiller(Stream& stream, const TestAnswer& answer) {
  std::string block;
  while (block.size() < kBlockBytes) block += answer.filler;
  for (size_t left = answer.filler_bytes; left >= block.size();) {
    const bool sent = co_await SendPart(stream, block);
    if (!sent) co_return false;
    if (left != TestAnswer::kEndless) left -= block.size();
  }
  co_return co_await SendPart(stream, answer.after);
}

template <typename Stream>
asio::awaitable<bool> TestServer::SendPart(Stream& stream, const std::string& part) {
  auto [error, size] = co_await asio::async_write(stream, asio::buffer(part), kAsValues);
  sent_ += size;
  if (!error) co_return true;
  const std::lock_guard lock(mutex_);
  ++abandoned_;
  changed_.notify_all();
  co_return false;
}

template <typename Stream>
asio::awaitable<void> TestServer::End(Stream& stream, TestAnswer::Then then) {
  tcp::socket* socket = nullptr;
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    socket = &stream.next_layer();
  } else {
    socket = &stream;
  }
  boost::system::error_code ignored;
  if (then == TestAnswer::Then::kReset) {
    socket->set_option(asio::socket_base::linger(true, 0), ignored);
  } else if (then == TestAnswer::Then::kHang) {
    char byte = 0;
    co_await socket->async_read_some(asio::buffer(&byte, 1),
                                     kAsValues);  // Ends when the client leaves.
    const std::lock_guard lock(mutex_);
    ++abandoned_;
    changed_.notify_all();
  }
  socket->close(ignored);
}

TestCertificate::TestCertificate() {
  EVP_PKEY* const key = EVP_RSA_gen(2048);
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* const alternative =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, alternative, -1);
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(context.native_handle(), certificate);
  SSL_CTX_use_PrivateKey(context.native_handle(), key);
  char path[] = "/tmp/pcaps_test_ca_XXXXXX";
  std::FILE* const file = fdopen(mkstemp(path), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  ca_file = path;
  X509_EXTENSION_free(alternative);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TestCertificate::~TestCertificate() { unlink(ca_file.c_str()); }

}  // namespace pcaps
