#include "service/trust.h"

#include <utility>

namespace pcaps {

absl::StatusOr<Trust> ReadTrust(const Config& config) {
  Trust trust;
  absl::StatusOr<std::shared_ptr<const TlsFiles>> tls = ReadTlsFiles(config.tls);
  if (!tls.ok()) return tls.status();
  trust.tls = *std::move(tls);
  if (config.auth.mode == Config::AuthMode::kNone) return trust;
  absl::StatusOr<std::shared_ptr<const Callers>> callers =
      ReadCallersFile(config.auth.callers_file);
  if (!callers.ok()) return callers.status();
  trust.callers = *std::move(callers);
  return trust;
}

}  // namespace pcaps
