#include "service/metrics/upstream_metrics.h"

#include "absl/time/time.h"
#include "service/telemetry/buckets.h"

namespace pcaps {
namespace {

constexpr Operation kOperations[] = {
    Operation::kListPcaps,       Operation::kGetPcap,           Operation::kCreatePcap,
    Operation::kStopPcap,        Operation::kDownloadPcap,      Operation::kListOwnerships,
    Operation::kCreateOwnership, Operation::kValidateOwnership, Operation::kDeleteOwnership,
};

// What a request can come to. Anything else is counted as OTHER.
constexpr const char* kOutcomes[] = {
    "OK",
    "CANCELLED",
    "UPSTREAM_UNAVAILABLE",
    "UPSTREAM_RATE_LIMITED",
    "UPSTREAM_CREDENTIALS_REJECTED",
    "UPSTREAM_ACCOUNT_FORBIDDEN",
    "UPSTREAM_BAD_RESPONSE",
    "UPSTREAM_REJECTED",
    "CAPTURE_NOT_FOUND",
    "OWNERSHIP_NOT_FOUND",
};

// From a good answer of an API at the edge to request_timeout.
constexpr double kRequestSeconds[] = {.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20};

}  // namespace

UpstreamMetrics::UpstreamMetrics(prometheus::Registry& registry) {
  auto& requests = prometheus::BuildCounter()
                       .Name("pcaps_upstream_requests_total")
                       .Help("Requests to the upstream that have ended, retries included.")
                       .Register(registry);
  auto& retries = prometheus::BuildCounter()
                      .Name("pcaps_upstream_retries_total")
                      .Help("Requests to the upstream that repeat one of the same call.")
                      .Register(registry);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("pcaps_upstream_request_seconds")
                      .Help(
                          "From a request's sending to the end of its answer, or of the head of "
                          "one that is streamed.")
                      .Register(registry);
  for (const Operation operation : kOperations) {
    const std::string name(OperationName(operation));
    OfOperation& of = operations_[operation];
    for (const char* const outcome : kOutcomes) {
      of.by_outcome[outcome] = &requests.Add({{"operation", name}, {"outcome", outcome}});
    }
    of.other = &requests.Add({{"operation", name}, {"outcome", "OTHER"}});
    of.retries = &retries.Add({{"operation", name}});
    of.seconds = &seconds.Add({{"operation", name}}, BucketsOf(kRequestSeconds));
  }
}

void UpstreamMetrics::Count(const UpstreamAttempt& attempt) {
  const OfOperation& of = operations_.at(attempt.operation);
  const auto outcome = of.by_outcome.find(attempt.outcome);
  (outcome == of.by_outcome.end() ? of.other : outcome->second)->Increment();
  of.seconds->Observe(absl::ToDoubleSeconds(attempt.duration));
  if (attempt.retry) of.retries->Increment();
}

}  // namespace pcaps
