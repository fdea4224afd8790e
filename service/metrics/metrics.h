// Metrics: all that Prometheus is told. All series are there, at zero, from the start.
#pragma once

#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

#include "absl/time/time.h"
#include "service/config.h"
#include "service/metrics/snapshot_metrics.h"
#include "service/metrics/state_metrics.h"
#include "service/metrics/upstream_metrics.h"
#include "service/rpc/rpc_metrics.h"
#include "service/telemetry/process_metrics.h"

namespace pcaps {

class Metrics {
 public:
  explicit Metrics(const Config& config);

  // Counted into while the gateway serves. Any thread.
  RpcMetrics& rpc() { return rpc_; }
  UpstreamMetrics& upstream() { return upstream_; }
  StateMetrics& state() { return state_; }
  void CountFanOut(absl::Duration took) { fan_out_.Observe(absl::ToDoubleSeconds(took)); }

  // What Prometheus scrapes, in its text format. One thread at a time, each snapshot newer than the
  // one before.
  std::string Scrape(const Snapshot& snapshot);

 private:
  prometheus::Registry registry_;
  RpcMetrics rpc_{registry_};
  UpstreamMetrics upstream_{registry_};
  StateMetrics state_{registry_};
  SnapshotMetrics snapshot_;
  prometheus::Histogram& fan_out_;
  ProcessMetrics process_;
};

}  // namespace pcaps
