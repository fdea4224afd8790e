// The upstream tokens that a configuration names.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "clients/pcaps_api/credentials.h"
#include "service/config.h"

namespace pcaps {

// The token of one credential, from its file or else from the environment's CLOUDFLARE_API_TOKEN.
// Errors, with the codes of ReadSecretFile(), say where a token is expected and what is there.
absl::StatusOr<Token> ReadToken(const Config::Credential& credential);

// All of them. The first error.
absl::StatusOr<std::vector<Credential>> ReadCredentials(const Config& config);

}  // namespace pcaps
