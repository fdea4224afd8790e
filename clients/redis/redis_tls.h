// TLS for a hiredis connection, where the hiredis this was built with can: 1.0 and later.
#pragma once

#include <string>

#include "absl/status/status.h"

struct redisContext;

namespace pcaps {

// Shakes hands, blocking within the connection's timeout; the peer's certificate must verify and
// name `host`. `ca_file`: PEM; empty: the system's. UNIMPLEMENTED where hiredis has no TLS.
absl::Status StartRedisTls(redisContext& context, const std::string& host,
                           const std::string& ca_file);

}  // namespace pcaps
