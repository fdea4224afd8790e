#include "service/app_snapshot.h"

#include <memory>

#include "service/metrics/snapshot_metrics.h"

namespace pcaps {

ControlSnapshot ReadControl(const UpstreamBudget& budget, const Gateway& gateway,
                            const FleetState& fleet) {
  ControlSnapshot snapshot;
  snapshot.budgets = budget.Levels();
  snapshot.budget = budget.counts();
  snapshot.gateway = gateway.counts();
  snapshot.watchers = gateway.watchers();
  snapshot.oldest_answer = gateway.OldestAnswer();
  snapshot.corrupt_values = snapshot.gateway.corrupt_values + fleet.corrupt_values();
  return snapshot;
}

Snapshot ReadOthers(const OpenParts& parts) {
  Snapshot snapshot;
  snapshot.state_up = parts.fleet.state().up();
  snapshot.upstream_in_flight = parts.limits.in_flight();
  snapshot.credentials = parts.credentials.States();
  for (const CredentialState& credential : snapshot.credentials) {
    snapshot.circuits_open[credential.name] = parts.limits.circuit(credential.name).IsOpen();
  }
  snapshot.connections = parts.door.connections.size();
  for (size_t i = 0; i < kCloseReasons; ++i) {
    snapshot.closed_connections[i] =
        parts.server.closed_connections().count(static_cast<CloseReason>(i));
  }
  for (const char* const what : kReloaded) snapshot.reloads[what] = parts.reloader.counts(what);
  const std::shared_ptr<const TlsFiles> tls = parts.server.tls_files();
  if (tls != nullptr) {
    snapshot.tls_not_before = tls->not_before;
    snapshot.tls_not_after = tls->not_after;
  }
  snapshot.log_lines_lost = parts.log.lost();
  return snapshot;
}

}  // namespace pcaps
