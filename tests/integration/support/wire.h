// Wire: a connection to the gateway byte by byte, for what no gRPC client would send.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/integration/support/certificate.h"

struct ssl_st;

namespace pcaps::integration {

struct WireOptions {
  std::string source;                  // An address of this machine to come from; empty: any.
  const Authority* trusted = nullptr;  // Speaks TLS with whom it vouches for; null: in plain text.
  Pem own;                             // A client's certificate; empty: none.
};

// Blocks; one thread.
class Wire {
 public:
  // To "host:port". Fails the test where it cannot connect; a handshake may fail, which is as if
  // the connection had ended.
  explicit Wire(const std::string& address, const WireOptions& options = {});
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Whether all was taken: false where the connection has ended.
  bool Send(absl::string_view bytes);
  // So many bytes; false where the connection ends, or they do not come for ten seconds.
  bool Receive(size_t count, std::string& bytes);
  // Reads on until the connection has ended; false where it lasts longer.
  bool AwaitEnd(absl::Duration patience);

 private:
  std::optional<size_t> ReceiveSome(char* bytes, size_t count);

  int socket_ = -1;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
};

}  // namespace pcaps::integration
