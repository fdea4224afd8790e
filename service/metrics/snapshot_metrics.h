// SnapshotMetrics: the part of a snapshot that Prometheus is told.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "service/config.h"
#include "service/metrics/snapshot.h"

namespace pcaps {

// What is read again while the gateway serves, as WatchedFiles() names it.
constexpr std::array<const char*, 3> kReloaded = {"callers", "tls", "upstream_token"};

// On one thread.
class SnapshotMetrics {
 public:
  // Makes all series: they are known from the configuration. The registry outlives it.
  SnapshotMetrics(prometheus::Registry& registry, const Config& config);

  // Counters never fall: each snapshot is newer than the one before.
  void Set(const Snapshot& snapshot);

 private:
  using Read = std::function<double(const Snapshot&)>;
  struct Gauge {
    prometheus::Gauge* gauge;
    Read read;
  };
  struct Counter {
    prometheus::Counter* counter;
    Read read;
  };

  void AddGauge(const char* name, const char* help, const prometheus::Labels& labels, Read read);
  void AddCounter(const char* name, const char* help, const prometheus::Labels& labels, Read read);
  void AddBudgets(const Config& config);
  void AddCredentials(const Config& config);
  void AddGateway();
  void AddWatches(const Config& config);
  void AddConnections();
  void AddReloads();

  prometheus::Registry& registry_;
  std::vector<Gauge> gauges_;
  std::vector<Counter> counters_;
};

}  // namespace pcaps
