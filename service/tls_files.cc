#include "service/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/small_file.h"

namespace pcaps {
namespace {

constexpr absl::Duration kClockSlack = absl::Minutes(5);  // Between the issuer's clock and ours.
constexpr size_t kMaxBytes = 4 << 20;  // A bundle of all public authorities has 0.2 MB.

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
using X509Ptr = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

absl::Status Bad(absl::string_view key, const std::string& path, absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("tls.", key, ": the file ", path, " ", what));
}

absl::StatusOr<std::string> ReadPem(absl::string_view key, const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxBytes);
  if (text.ok()) return text;
  return absl::Status(text.status().code(),
                      Bad(key, path, std::string(text.status().message())).message());
}

std::unique_ptr<BIO, BioDeleter> BioOf(const std::string& text) {
  return std::unique_ptr<BIO, BioDeleter>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key that is encrypted has no password to be asked for.
int NoPassword(char*, int, int, void*) { return 0; }

absl::Time TimeOf(const ASN1_TIME* asn1) {
  std::tm time = {};
  if (ASN1_TIME_to_tm(asn1, &time) != 1) return absl::InfinitePast();
  return absl::FromTM(time, absl::UTCTimeZone());
}

std::string Format(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

// All certificates of a file; none where there is anything else that looks like one.
std::vector<X509Ptr> CertificatesIn(const std::string& pem) {
  std::vector<X509Ptr> certificates;
  const auto text = BioOf(pem);
  while (X509* const each = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(each);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) certificates.clear();
  return certificates;
}

// What OpenSSL says to it, as gRPC's handshakes will use it: a key too weak for it, for instance.
absl::Status TryOut(const Config::Tls& config, const std::vector<X509Ptr>& chain, EVP_PKEY& key) {
  const std::unique_ptr<SSL_CTX, Deleter<SSL_CTX, SSL_CTX_free>> context(
      SSL_CTX_new(TLS_server_method()));
  const auto refused = [&](absl::string_view name, const std::string& path) {
    const char* const why = ERR_reason_error_string(ERR_peek_last_error());
    return Bad(
        name, path,
        absl::StrCat("is not accepted by OpenSSL: ", why == nullptr ? "no reason given" : why));
  };
  if (SSL_CTX_use_certificate(context.get(), chain[0].get()) != 1) {
    return refused("cert_file", config.cert_file);
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) != 1) {
      return refused("cert_file", config.cert_file);
    }
  }
  if (SSL_CTX_use_PrivateKey(context.get(), &key) != 1) {
    return refused("key_file", config.key_file);
  }
  return absl::OkStatus();
}

absl::Status CheckPair(const Config::Tls& config, TlsFiles& files) {
  const std::vector<X509Ptr> chain = CertificatesIn(files.cert_chain);
  if (chain.empty()) {
    return Bad("cert_file", config.cert_file, "holds no certificate in PEM, or a damaged one");
  }
  const auto secret = BioOf(files.private_key);
  const KeyPtr key(PEM_read_bio_PrivateKey(secret.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return Bad("key_file", config.key_file, "holds no private key in PEM, or an encrypted one");
  }
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    return Bad("key_file", config.key_file,
               absl::StrCat("is not the key of the certificate in ", config.cert_file));
  }
  files.not_before = TimeOf(X509_get0_notBefore(chain[0].get()));
  files.not_after = TimeOf(X509_get0_notAfter(chain[0].get()));
  if (files.not_after <= absl::Now()) {
    return Bad("cert_file", config.cert_file,
               absl::StrCat("holds a certificate that expired at ", Format(files.not_after)));
  }
  if (files.not_before > absl::Now() + kClockSlack) {
    return Bad(
        "cert_file", config.cert_file,
        absl::StrCat("holds a certificate that is good only from ", Format(files.not_before)));
  }
  return TryOut(config, chain, *key);
}

absl::Status CheckAuthorities(const Config::Tls& config, const TlsFiles& files) {
  if (!CertificatesIn(files.client_ca).empty()) return absl::OkStatus();
  return Bad("client_ca_file", config.client_ca_file,
             "holds no certificate in PEM, or a damaged one");
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsFiles>> ReadTlsFiles(const Config::Tls& config) {
  if (config.cert_file.empty()) return nullptr;
  TlsFiles files;
  const auto read = [](absl::string_view key, const std::string& path, std::string& text) {
    absl::StatusOr<std::string> pem = ReadPem(key, path);
    if (!pem.ok()) return pem.status();
    text = *std::move(pem);
    return absl::OkStatus();
  };
  absl::Status status = read("cert_file", config.cert_file, files.cert_chain);
  if (status.ok()) status = read("key_file", config.key_file, files.private_key);
  if (status.ok()) status = CheckPair(config, files);
  if (status.ok() && !config.client_ca_file.empty()) {
    status = read("client_ca_file", config.client_ca_file, files.client_ca);
    if (status.ok()) status = CheckAuthorities(config, files);
  }
  if (!status.ok()) return status;
  return std::make_shared<const TlsFiles>(std::move(files));
}

}  // namespace pcaps
