// UpstreamMetrics: what Prometheus is told of requests to the upstream.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <string>

#include "clients/pcaps_api/upstream_caller.h"

namespace pcaps {

class UpstreamMetrics {
 public:
  // The registry outlives it.
  explicit UpstreamMetrics(prometheus::Registry& registry);

  // One request has ended. Any thread.
  void Count(const UpstreamAttempt& attempt);

 private:
  struct OfOperation {
    std::map<std::string, prometheus::Counter*, std::less<>> by_outcome;
    prometheus::Counter* other;
    prometheus::Counter* retries;
    prometheus::Histogram* seconds;
  };

  std::map<Operation, OfOperation> operations_;  // All of them; never changes.
};

}  // namespace pcaps
