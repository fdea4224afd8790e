#include "tests/integration/support/wire.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace pcaps::integration {
namespace {

constexpr time_t kPatienceSeconds = 10;
constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // For ALPN.

sockaddr_in AddressOf(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1) << host;
  return address;
}

int Connect(const std::string& address, const std::string& source) {
  const std::pair<std::string, std::string> host_port = absl::StrSplit(address, ':');
  uint32_t port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(host_port.second, &port)) << address;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_GE(socket, 0);
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!source.empty()) {
    const sockaddr_in from = AddressOf(source, 0);
    EXPECT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof(from)), 0) << source;
  }
  const sockaddr_in to = AddressOf(host_port.first, static_cast<uint16_t>(port));
  EXPECT_EQ(connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0) << address;
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  return socket;
}

std::unique_ptr<X509, decltype(&X509_free)> CertificateIn(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

void UseOwn(SSL_CTX* context, const Pem& own) {
  EXPECT_EQ(SSL_CTX_use_certificate(context, CertificateIn(own.certificate).get()), 1);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key.get()), 1);
}

SSL* Handshake(int socket, const WireOptions& options) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                      CertificateIn(options.trusted->pem()).get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  if (!options.own.certificate.empty()) UseOwn(context.get(), options.own);
  SSL* const tls = SSL_new(context.get());
  SSL_set_fd(tls, socket);
  (void)SSL_connect(tls);  // Else nothing can be written either.
  return tls;
}

}  // namespace

Wire::Wire(const std::string& address, const WireOptions& options)
    : socket_(Connect(address, options.source)), tls_(nullptr, SSL_free) {
  // OpenSSL writes to sockets whose other end may be gone.
  signal(SIGPIPE, SIG_IGN);
  if (options.trusted != nullptr) tls_.reset(Handshake(socket_, options));
}

Wire::~Wire() {
  tls_.reset();
  close(socket_);
}

bool Wire::Send(absl::string_view bytes) {
  if (bytes.empty()) return true;
  const auto size = static_cast<ssize_t>(bytes.size());
  if (tls_ != nullptr) return SSL_write(tls_.get(), bytes.data(), static_cast<int>(size)) == size;
  return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == size;
}

std::optional<size_t> Wire::ReceiveSome(char* bytes, size_t count) {
  const ssize_t size = tls_ != nullptr ? SSL_read(tls_.get(), bytes, static_cast<int>(count))
                                       : recv(socket_, bytes, count, 0);
  if (size <= 0) return std::nullopt;
  return static_cast<size_t>(size);
}

bool Wire::Receive(size_t count, std::string& bytes) {
  bytes.resize(count);
  for (size_t begin = 0; begin < count;) {
    const std::optional<size_t> size = ReceiveSome(bytes.data() + begin, count - begin);
    if (!size.has_value()) return false;
    begin += *size;
  }
  return true;
}

bool Wire::AwaitEnd(absl::Duration patience) {
  const timeval wait = absl::ToTimeval(patience);
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  const absl::Time until = absl::Now() + patience;
  std::array<char, 4096> ignored;
  while (absl::Now() < until) {
    if (!ReceiveSome(ignored.data(), ignored.size()).has_value()) return absl::Now() < until;
  }
  return false;
}

}  // namespace pcaps::integration
