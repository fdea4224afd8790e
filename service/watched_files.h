// The files that are read again when they change, and what is to be done then.
#pragma once

#include <vector>

#include "clients/pcaps_api/credentials.h"
#include "service/config.h"
#include "service/reloader.h"
#include "service/rpc/rpc_server.h"

namespace pcaps {

// Certificates go to the server, callers to the directory, tokens to the credentials; `tokens`: as
// they were read last. All referents outlive it.
std::vector<Reloader::Watched> WatchedFiles(const Config& config, RpcServer& server,
                                            CallerDirectory& directory, const RpcEnv& env,
                                            Credentials& credentials,
                                            std::vector<Credential> tokens);

}  // namespace pcaps
