// Snapshot: what the gateway's parts say of themselves when they are asked.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/pcaps_api/credentials.h"
#include "service/gateway/gateway.h"
#include "service/gateway/upstream_budget.h"
#include "service/reloader.h"
#include "service/rpc/connections/closed_connections.h"

namespace pcaps {

// What the control loop alone may read.
struct ControlSnapshot {
  std::map<std::string, BudgetLedger::Level> budgets;  // All that are configured.
  UpstreamBudget::Counts budget;
  Gateway::Counts gateway;
  int watchers = 0;
  absl::Duration oldest_answer;  // See WatchHub.
  int64_t corrupt_values = 0;    // Of the cache's and the state's.
};

struct Snapshot {
  ControlSnapshot control;  // The last there was, where the loop does not answer.

  bool ready = false;
  bool state_up = false;
  int upstream_in_flight = 0;
  std::vector<CredentialState> credentials;
  std::map<std::string, bool> circuits_open;  // By credential.
  int64_t connections = 0;
  std::array<int64_t, kCloseReasons> closed_connections = {};
  std::map<std::string, Reloader::Counts> reloads;  // By what is read again.
  absl::Time tls_not_before = absl::UnixEpoch();    // Without TLS.
  absl::Time tls_not_after = absl::UnixEpoch();
  int64_t log_lines_lost = 0;
};

}  // namespace pcaps
