// The gateway, as its callers see it.
#pragma once

#include <string>

#include "clients/gateway/call_options.h"
#include "clients/gateway/connection.h"
#include "clients/gateway/pcapctl/doctor/finding.h"

namespace pcaps::pcapctl {

// gateway: it answers, and says that it serves. Blocks for seconds at most.
Finding CheckGateway(const Connection& connection, const ConnectOptions& how,
                     const CallOptions& options);

// account: it can list this account's captures, which shows its way to the upstream.
Finding CheckAccount(const Connection& connection, const std::string& account,
                     const CallOptions& options);

}  // namespace pcaps::pcapctl
