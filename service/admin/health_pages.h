// The pages that probes ask for: whether the process is well, and whether it takes calls.
#pragma once

#include <string>
#include <vector>

#include "service/admin/admin_page.h"
#include "service/admin/loop_health.h"

namespace pcaps {

enum class GatewayPhase {
  kStarting,  // Until the gRPC port is open.
  kServing,
  kDraining,  // From the signal on.
};

struct Readiness {
  GatewayPhase phase = GatewayPhase::kStarting;
  std::vector<LoopHealth::Hanging> hanging;
  // What is wrong, and is no reason to send callers elsewhere: "redis: down, ...".
  std::vector<std::string> notes;

  bool ready() const { return phase == GatewayPhase::kServing && hanging.empty(); }
};

// 200; 503 where a loop hangs: only a restart helps then.
AdminPage HealthPage(const std::vector<LoopHealth::Hanging>& hanging);

// 200 where all parts are well, else 503. One line each: "ok loops", "NO serving: draining"; notes
// begin with "--".
AdminPage ReadyPage(const Readiness& readiness);

}  // namespace pcaps
