#include "service/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

#include "service/telemetry/buckets.h"

namespace pcaps {
namespace {

// From one watcher to ten thousand, who take some 0.3 s.
constexpr double kFanOutSeconds[] = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5};

}  // namespace

Metrics::Metrics(const Config& config)
    : snapshot_(registry_, config),
      fan_out_(prometheus::BuildHistogram()
                   .Name("pcaps_watch_fanout_seconds")
                   .Help("From a change being seen here until its last watcher was woken.")
                   .Register(registry_)
                   .Add({}, BucketsOf(kFanOutSeconds))) {}

std::string Metrics::Scrape(const Snapshot& snapshot) {
  snapshot_.Set(snapshot);
  rpc_.Publish();
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : process_.Collect()) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace pcaps
