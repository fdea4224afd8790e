#include "tests/integration/support/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

namespace pcaps::integration {
namespace {

constexpr long kVersion3 = 2;
constexpr long kValidSeconds = 3600;

void AddExtension(X509* certificate, int name, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, name, value), X509_EXTENSION_free);
  EXPECT_EQ(X509_add_ext(certificate, extension.get(), -1), 1);
}

}  // namespace

Certificate::Certificate() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), kVersion3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const auto* const host = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(certificate.get(), key.get(), EVP_sha256());

  FILE* const certificate_out = std::fopen(file().c_str(), "w");
  EXPECT_EQ(PEM_write_X509(certificate_out, certificate.get()), 1);
  std::fclose(certificate_out);
  FILE* const key_out = std::fopen(key_file().c_str(), "w");
  EXPECT_EQ(PEM_write_PrivateKey(key_out, key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  std::fclose(key_out);
}

}  // namespace pcaps::integration
