// How a configuration wants the upstream to be reached.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/pcaps_api/http_client.h"
#include "service/config.h"

namespace pcaps {

HttpOptions UpstreamHttpOptions(const Config& config);

// Whether the file can be read and holds a certificate in PEM; an empty path stands for the
// system's. INVALID_ARGUMENT names the file.
absl::Status CheckCaFile(const std::string& path);

}  // namespace pcaps
