// HttpClient: HTTP/1.1 over libcurl on one Asio loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/pcaps_api/http_exchange.h"

namespace pcaps {

struct HttpOptions {
  std::string user_agent;
  std::string ca_file;           // Empty: the system's certificates.
  std::string proxy;             // Empty: none, whatever the environment says.
  bool allow_plaintext = false;  // False: https only.
  absl::Duration connect_timeout =
      absl::Seconds(3);  // Name, connection and TLS handshake together.
  // Reused only while younger than what servers and middle boxes allow an idle connection.
  absl::Duration max_connection_idle = absl::Seconds(30);
  absl::Duration max_connection_life = absl::Minutes(10);  // So that changes of DNS are noticed.
  int max_idle_connections = 32;
  size_t max_header_bytes = 64 << 10;
  size_t buffer_bytes = 1 << 20;  // Of one body, received and not yet read.
  // Asked of the kernel at once. Much of it makes large bodies cheaper and small ones dearer.
  size_t receive_bytes = 16 << 10;
};

// Verifies peers, follows no redirect, asks for no compression, speaks to a proxy only as
// configured, and sends no request twice. Every request but a GET has a connection of its own: on a
// reused one that turns out dead its fate would be unknown. On its loop's thread; exchanges may
// outlive it.
class HttpClient {
 public:
  HttpClient(const Loop& loop, HttpOptions options, Clock& clock);

  // Begins an exchange.
  std::unique_ptr<HttpExchange> Start(HttpRequest request);

 private:
  const HttpOptions options_;
  Clock& clock_;
  const std::shared_ptr<CurlLoop> curl_;
};

}  // namespace pcaps
