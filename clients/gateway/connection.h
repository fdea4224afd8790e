// How to reach a gateway, and the connection made of it.
#pragma once

#include <pcaps/v1/ownership.grpc.pb.h>
#include <pcaps/v1/pcaps.grpc.pb.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/gateway/backoff.h"

namespace pcaps {

struct ConnectOptions {
  std::string target = "127.0.0.1:50051";  // host:port, or any other target gRPC knows.
  bool tls = false;
  std::string ca_file;  // PEM of the authorities to trust. Empty: those of the system. Needs tls.
  // PEM of our own certificate and its key, for a gateway that knows its callers by them. Both or
  // none. Need tls.
  std::string cert_file;
  std::string key_file;
  std::string token;  // Sent as `authorization: Bearer`; without tls to this machine only.
  absl::Duration unary_timeout = absl::Seconds(30);  // Of calls whose caller names no deadline.
  BackoffOptions backoff;  // Between the streams of one watch or download.
};

// Thread-safe once made. gRPC connects at the first call, and again whenever it must.
struct Connection {
  std::shared_ptr<grpc::Channel> channel;  // For services beside PcapsService.
  std::unique_ptr<v1::PcapsService::StubInterface> stub;
  std::unique_ptr<v1::OwnershipService::StubInterface> ownership_stub;
  std::string authorization;  // Empty: none.
  absl::Duration unary_timeout;
  BackoffOptions backoff;
};

// Errors: INVALID_ARGUMENT when the options contradict each other or would send the token in
// plaintext over a network.
absl::StatusOr<Connection> OpenConnection(const ConnectOptions& options);

// True when every address of the gRPC target is on this machine: loopback, "localhost", or a Unix
// socket.
bool IsLocalTarget(absl::string_view target);

}  // namespace pcaps
