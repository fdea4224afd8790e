// What the app's parts say of themselves, gathered for metrics and for people.
#pragma once

#include "clients/pcaps_api/credentials.h"
#include "clients/pcaps_api/upstream_limits.h"
#include "service/fleet_state.h"
#include "service/gateway/gateway.h"
#include "service/gateway/upstream_budget.h"
#include "service/metrics/snapshot.h"
#include "service/reloader.h"
#include "service/rpc/door.h"
#include "service/rpc/rpc_server.h"
#include "service/telemetry/log.h"

namespace pcaps {

// On the control loop.
ControlSnapshot ReadControl(const UpstreamBudget& budget, const Gateway& gateway,
                            const FleetState& fleet);

// Those that any thread may ask.
struct OpenParts {
  const FleetState& fleet;
  UpstreamLimits& limits;
  const Credentials& credentials;
  const Door& door;
  const RpcServer& server;
  const Reloader& reloader;
  const Log& log;
};

// All but `control` and `ready`.
Snapshot ReadOthers(const OpenParts& parts);

}  // namespace pcaps
