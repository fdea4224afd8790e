// ProcessMetrics: what this process takes of its host, under the names that all exporters use.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace pcaps {

// Reads /proc/self at each scrape. Thread-safe. What cannot be read is left out: a wrong zero would
// be believed.
class ProcessMetrics : public prometheus::Collectable {
 public:
  // process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
  // process_open_fds, process_max_fds, process_start_time_seconds, process_threads.
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace pcaps
