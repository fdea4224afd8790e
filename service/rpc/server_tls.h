// ServerTls: credentials of a gRPC port whose certificate is replaced while it serves.
#pragma once

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "clients/base/mutex.h"
#include "service/tls_files.h"

namespace pcaps {

// For one port. TLS 1.2 and 1.3, and of 1.2 only suites with forward secrecy and AEAD, which are
// gRPC's own defaults. Thread-safe. Outlives the server it is used by.
//
// gRPC asks it at each handshake. (Its own file watching certificate provider would let a key that
// is not the certificate's end all handshakes; here ReadTlsFiles() has found that they fit.)
class ServerTls final : public grpc::ServerCredentials {
 public:
  enum class ClientCertificate {
    kIgnored,
    kWelcome,   // Verified where there is one.
    kRequired,  // No handshake without.
  };

  // `files` is not null.
  ServerTls(std::shared_ptr<const TlsFiles> files, ClientCertificate clients);
  ~ServerTls() override;

  // For the handshakes from now on; connections that are open stay so.
  void Replace(std::shared_ptr<const TlsFiles> files) ABSL_LOCKS_EXCLUDED(mutex_);

  // In force: for new connections.
  std::shared_ptr<const TlsFiles> files() const ABSL_LOCKS_EXCLUDED(mutex_);

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override;

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config);
  grpc_ssl_server_certificate_config* TakeNew() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc_server_credentials* const credentials_;
  mutable Mutex mutex_;
  std::shared_ptr<const TlsFiles> files_ ABSL_GUARDED_BY(mutex_);
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;  // By gRPC.
};

}  // namespace pcaps
