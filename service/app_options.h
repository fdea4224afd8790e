// What each part of the gateway is told of the configuration.
#pragma once

#include <string>

#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/config.h"
#include "service/gateway/gateway.h"
#include "service/rpc/caller_identity.h"
#include "service/rpc/server_tls.h"

namespace pcaps {

// Without gate and callbacks.
RestPcapsApiOptions ApiOptions(const Config& config);
// Of a client that fetches bodies.
RestPcapsApiOptions DownloadApiOptions(const Config& config);

// How callers show who they are, and what TLS asks of them.
CallerProof CallerProofOf(const Config& config);
ServerTls::ClientCertificate ClientCertificateOf(const Config& config);

// `replica`: this process's name, which no other has.
GatewayOptions UseCaseOptions(const Config& config, const std::string& replica);

}  // namespace pcaps
