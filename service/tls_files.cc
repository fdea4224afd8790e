#include "service/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pcaps {
namespace {

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
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof()) return Bad(key, path, "cannot be read, or is too large");
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

std::unique_ptr<BIO, BioDeleter> BioOf(const std::string& text) {
  return std::unique_ptr<BIO, BioDeleter>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key that is encrypted has no password to be asked for.
int NoPassword(char*, int, int, void*) { return 0; }

absl::Time NotAfter(const X509& certificate) {
  std::tm time = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) return absl::InfinitePast();
  return absl::FromTM(time, absl::UTCTimeZone());
}

absl::Status CheckPair(const Config::Tls& config, TlsFiles& files) {
  const auto chain = BioOf(files.cert_chain);
  const X509Ptr certificate(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return Bad("cert_file", config.cert_file, "holds no certificate in PEM");
  }
  const auto secret = BioOf(files.private_key);
  const KeyPtr key(PEM_read_bio_PrivateKey(secret.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return Bad("key_file", config.key_file, "holds no private key in PEM, or an encrypted one");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Bad("key_file", config.key_file,
               absl::StrCat("is not the key of the certificate in ", config.cert_file));
  }
  files.not_after = NotAfter(*certificate);
  if (files.not_after > absl::Now()) return absl::OkStatus();
  return Bad(
      "cert_file", config.cert_file,
      absl::StrCat("holds a certificate that expired at ",
                   absl::FormatTime(absl::RFC3339_sec, files.not_after, absl::UTCTimeZone())));
}

absl::Status CheckAuthorities(const Config::Tls& config, const TlsFiles& files) {
  const auto bundle = BioOf(files.client_ca);
  const X509Ptr first(PEM_read_bio_X509(bundle.get(), nullptr, nullptr, nullptr));
  if (first != nullptr) return absl::OkStatus();
  return Bad("client_ca_file", config.client_ca_file, "holds no certificate in PEM");
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsFiles>> ReadTlsFiles(const Config::Tls& config) {
  if (config.cert_file.empty()) return nullptr;
  TlsFiles files;
  const auto read = [](absl::string_view key, const std::string& path, std::string& text) {
    absl::StatusOr<std::string> pem = ReadPem(key, path);
    if (pem.ok()) text = *std::move(pem);
    return pem.status();
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
