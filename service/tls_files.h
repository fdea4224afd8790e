// The PEM files of the gRPC port, read and found to fit together.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/config.h"

namespace pcaps {

struct TlsFiles {
  std::string cert_chain;  // PEM; ours first.
  std::string private_key;
  std::string client_ca;  // Empty: clients are not asked for a certificate.
  absl::Time not_before;  // Of our certificate: from when,
  absl::Time not_after;   // and until when it is good.
};

// Null where `config` names no certificate. INVALID_ARGUMENT names the file and what is wrong with
// it: it cannot be read, is no PEM, the key is not the certificate's, or the certificate has
// expired. Never shows what is in the key.
absl::StatusOr<std::shared_ptr<const TlsFiles>> ReadTlsFiles(const Config::Tls& config);

}  // namespace pcaps
