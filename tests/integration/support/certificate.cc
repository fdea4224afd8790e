#include "tests/integration/support/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pcaps::integration {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Cert = std::shared_ptr<X509>;

constexpr long kVersion3 = 2;
constexpr long kValidSeconds = 3600;
constexpr long kLastSerial = 1L << 30;

// Who trusts two authorities must be able to tell them apart.
std::string NewName() {
  static std::atomic<int> authorities = 0;
  return absl::StrCat("authority ", ++authorities);
}

Key NewKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void AddExtension(X509& certificate, int name, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, name, value.c_str()), X509_EXTENSION_free);
  EXPECT_EQ(X509_add_ext(&certificate, extension.get(), -1), 1) << value;
}

// Signed by `issuer_key` in the name of `issuer`; null: by itself.
Cert NewCertificate(const char* subject, EVP_PKEY& key, const std::vector<std::string>& names,
                    bool is_authority, const X509* issuer, EVP_PKEY& issuer_key, long age = 0) {
  static std::atomic<long> serial = 0;
  Cert certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), kVersion3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial % kLastSerial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -age);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds - age);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), issuer == nullptr ? name : X509_get_subject_name(issuer));
  X509_set_pubkey(certificate.get(), &key);
  AddExtension(*certificate, NID_basic_constraints,
               is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!names.empty()) {
    AddExtension(*certificate, NID_subject_alt_name, absl::StrJoin(names, ","));
  }
  X509_sign(certificate.get(), &issuer_key, EVP_sha256());
  return certificate;
}

template <typename Write>
std::string ToPem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(out.get()), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string ToPem(X509& certificate) {
  return ToPem([&](BIO* out) { return PEM_write_bio_X509(out, &certificate); });
}

std::string ToPem(EVP_PKEY& key) {
  return ToPem([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, &key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace

Authority::Authority()
    : key_(NewKey()),
      certificate_(
          NewCertificate(NewName().c_str(), *key_, {}, /*is_authority=*/true, nullptr, *key_)) {}

std::string Authority::pem() const { return ToPem(*certificate_); }

Pem Authority::Issue(const std::vector<std::string>& names, long age) const {
  const Key key = NewKey();
  const Cert certificate = NewCertificate("somebody", *key, names, /*is_authority=*/false,
                                          certificate_.get(), *key_, age);
  return {ToPem(*certificate), ToPem(*key)};
}

Certificate::Certificate() {
  const Key key = NewKey();
  const Cert certificate = NewCertificate("localhost", *key, {"DNS:localhost", "IP:127.0.0.1"},
                                          /*is_authority=*/true, nullptr, *key);
  directory_.Write("cert.pem", ToPem(*certificate));
  directory_.Write("key.pem", ToPem(*key));
}

}  // namespace pcaps::integration
