#include "service/upstream_http.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pcaps {

HttpOptions UpstreamHttpOptions(const Config& config) {
  HttpOptions options;
  options.ca_file = config.upstream.ca_file;
  options.proxy = config.upstream.proxy;
  // LoadConfig let plain http pass only where it is allowed.
  options.allow_plaintext = absl::StartsWith(config.upstream.base_url, "http://");
  options.connect_timeout = config.upstream.connect_timeout;
  return options;
}

absl::Status CheckCaFile(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
  if (file == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("the CA file ", path, " cannot be read"));
  }
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr), X509_free);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the CA file ", path, " holds no certificate in PEM"));
  }
  return absl::OkStatus();
}

}  // namespace pcaps
