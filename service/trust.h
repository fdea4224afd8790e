// Trust: who is let in, and how: what the files say that the configuration names.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "service/callers.h"
#include "service/config.h"
#include "service/tls_files.h"

namespace pcaps {

struct Trust {
  std::shared_ptr<const TlsFiles> tls;     // Null: plain text.
  std::shared_ptr<const Callers> callers;  // Null: nobody is identified.
};

// Errors as ReadTlsFiles() and ReadCallersFile().
absl::StatusOr<Trust> ReadTrust(const Config& config);

}  // namespace pcaps
