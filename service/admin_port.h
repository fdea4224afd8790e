// AdminPort: what operators and Prometheus see of the gateway, on a port and a loop of its own.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/admin/admin_server.h"
#include "service/admin/health_pages.h"
#include "service/admin/loop_health.h"
#include "service/admin/loop_reading.h"
#include "service/config.h"
#include "service/loop_thread.h"
#include "service/metrics/metrics.h"
#include "service/metrics/snapshot.h"
#include "service/status_page.h"
#include "service/telemetry/activity.h"

namespace pcaps {

// What the pages tell of. All outlives the port.
struct AdminSources {
  const Config& config;
  Clock& clock;
  Metrics& metrics;
  const Activity& activity;
  std::map<std::string, Loop> loops;  // By name; the control loop among them as "control".
  std::function<ControlSnapshot()> read_control;  // On the control loop.
  std::function<Snapshot()> read_others;          // All but `control` and `ready`. Any thread.
};

class AdminPort {
 public:
  explicit AdminPort(AdminSources sources);

  // Serves from now on, until it is destroyed. Returns "host:port" with the port in use. Errors as
  // AdminServer::Start().
  absl::StatusOr<std::string> Start();

  // Before it is set for the first time, the gateway is starting. Any thread.
  void SetPhase(GatewayPhase phase) { phase_ = phase; }

  // After the loops that it asks have ended.
  void Join() { loop_.Join(absl::InfinitePast()); }

 private:
  AdminPages Pages();
  Readiness ReadinessWith(std::vector<std::string> notes) const;
  Task<Snapshot> Read();
  Task<AdminPage> MetricsPage();
  Task<AdminPage> ReadyPage();
  Task<AdminPage> StatusPage();

  const AdminSources sources_;
  const absl::Time started_;
  std::atomic<GatewayPhase> phase_ = GatewayPhase::kStarting;
  LoopReading<ControlSnapshot> control_;
  LoopHealth health_;
  LoopThread loop_{"admin"};
  AdminServer server_;
};

}  // namespace pcaps
