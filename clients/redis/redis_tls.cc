#include "clients/redis/redis_tls.h"

#ifdef PCAPS_HIREDIS_TLS

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"

namespace pcaps {

absl::Status StartRedisTls(redisContext& context, const std::string& host,
                           const std::string& ca_file) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls(SSL_CTX_new(TLS_client_method()),
                                                              SSL_CTX_free);
  if (tls == nullptr) return absl::InternalError("out of memory here");
  SSL_CTX_set_min_proto_version(tls.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER, nullptr);
  const int trusted = ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(tls.get())
                          : SSL_CTX_load_verify_locations(tls.get(), ca_file.c_str(), nullptr);
  if (trusted != 1) {
    return absl::InvalidArgumentError(absl::StrCat("no certificates can be read from ", ca_file));
  }
  std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(tls.get()), SSL_free);
  if (session == nullptr) return absl::InternalError("out of memory here");
  X509_VERIFY_PARAM* const names = SSL_get0_param(session.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(names, host.c_str()) != 1) {  // It is no address.
    SSL_set_tlsext_host_name(session.get(), host.c_str());
    X509_VERIFY_PARAM_set1_host(names, host.c_str(), host.size());
  }
  errno = 0;
  if (redisInitiateSSL(&context, session.get()) == REDIS_OK) {
    (void)session.release();  // The connection's now.
    return absl::OkStatus();
  }
  const bool timed_out = errno == EAGAIN || errno == EWOULDBLOCK;  // hiredis does not tell.
  const long verified = SSL_get_verify_result(session.get());
  if (verified != X509_V_OK) {
    return absl::UnavailableError(
        absl::StrCat("its certificate does not verify: ", X509_verify_cert_error_string(verified)));
  }
  if (timed_out) return absl::DeadlineExceededError("it gives no answer to the TLS handshake");
  return absl::UnavailableError("the TLS handshake failed: it may not speak TLS on this port");
}

}  // namespace pcaps

#else

namespace pcaps {

absl::Status StartRedisTls(redisContext& /*context*/, const std::string& /*host*/,
                           const std::string& /*ca_file*/) {
  return absl::UnimplementedError("this hiredis has no TLS: rediss:// needs version 1.0 or later");
}

}  // namespace pcaps

#endif
