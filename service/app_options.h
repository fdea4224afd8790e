// What each part of the gateway is told of the configuration.
#pragma once

#include <memory>
#include <string>

#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/config.h"
#include "service/gateway/gateway.h"
#include "service/rpc/caller_identity.h"
#include "service/rpc/rpc_server.h"

namespace pcaps {

// Without gate and callbacks.
RestPcapsApiOptions ApiOptions(const Config& config);
// Of a client that fetches bodies.
RestPcapsApiOptions DownloadApiOptions(const Config& config);

CallerProof CallerProofOf(const Config& config);

// `replica`: this process's name, which no other has.
GatewayOptions UseCaseOptions(const Config& config, const std::string& replica);

DoorLimits DoorLimitsOf(const Config& config);
// `tls`: null for plain text.
RpcServerOptions RpcOptions(const Config& config, std::shared_ptr<const TlsFiles> tls);

}  // namespace pcaps
