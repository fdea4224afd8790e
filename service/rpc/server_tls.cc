#include "service/rpc/server_tls.h"

#include <grpc/grpc.h>

#include <utility>

namespace pcaps {
namespace {

grpc_ssl_client_certificate_request_type RequestType(ServerTls::ClientCertificate clients) {
  switch (clients) {
    case ServerTls::ClientCertificate::kIgnored:
      return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    case ServerTls::ClientCertificate::kWelcome:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case ServerTls::ClientCertificate::kRequired:
      break;
  }
  return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
}

}  // namespace

ServerTls::ServerTls(std::shared_ptr<const TlsFiles> files, ClientCertificate clients)
    : credentials_(grpc_ssl_server_credentials_create_with_options(
          grpc_ssl_server_credentials_create_options_using_config_fetcher(RequestType(clients),
                                                                          &Fetch, this))),
      files_(std::move(files)) {}

ServerTls::~ServerTls() { grpc_server_credentials_release(credentials_); }

std::shared_ptr<const TlsFiles> ServerTls::files() const {
  const MutexLock lock(mutex_);
  return files_;
}

void ServerTls::Replace(std::shared_ptr<const TlsFiles> files) {
  const MutexLock lock(mutex_);
  files_ = std::move(files);
  taken_ = false;
}

int ServerTls::AddPortToServer(const std::string& address, grpc_server* server) {
  return grpc_server_add_http2_port(server, address.c_str(), credentials_);
}

grpc_ssl_certificate_config_reload_status ServerTls::Fetch(
    void* self, grpc_ssl_server_certificate_config** config) {
  *config = static_cast<ServerTls*>(self)->TakeNew();
  return *config == nullptr ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED
                            : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

grpc_ssl_server_certificate_config* ServerTls::TakeNew() {
  const MutexLock lock(mutex_);
  if (taken_) return nullptr;
  taken_ = true;
  const grpc_ssl_pem_key_cert_pair pair = {files_->private_key.c_str(), files_->cert_chain.c_str()};
  // gRPC dies without authorities, even where it asks no client for a certificate.
  const std::string& roots = files_->client_ca.empty() ? files_->cert_chain : files_->client_ca;
  return grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);  // Copies all.
}

}  // namespace pcaps
