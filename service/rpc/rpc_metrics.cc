#include "service/rpc/rpc_metrics.h"

#include <string>

#include "clients/base/error.h"
#include "service/telemetry/buckets.h"

namespace pcaps {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Histogram;

// From a hit in the cache to request_timeout.
constexpr double kCallSeconds[] = {.001, .0025, .005, .01, .025, .05, .1,
                                   .25,  .5,    1,    2.5, 5,    10,  20};
// From the end of active_ttl to that of stale_ttl.
constexpr double kStaleSeconds[] = {1, 5, 15, 60, 300, 900, 3600, 21600, 86400};

// Of each code, as dashboards for gRPC in other languages have them.
constexpr std::array<const char*, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

const char* ShapeName(RpcShape shape) {
  return shape == RpcShape::kUnary ? "unary" : "server_stream";
}

prometheus::Family<Counter>& CounterFamily(prometheus::Registry& registry, const char* name,
                                           const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

void MethodMetrics::Begin() const {
  started_->Increment();
  received_->Increment();
  if (open_ != nullptr) open_->Increment();
}

void MethodMetrics::CountMessage(int64_t bytes) const {
  sent_->Increment();
  if (bytes_ != nullptr) bytes_->Increment(static_cast<double>(bytes));
}

void MethodMetrics::CountServed(CacheUse use, absl::Duration age) const {
  Counter* const served = served_[static_cast<size_t>(use)];
  if (served == nullptr) return;
  served->Increment();
  if (use == CacheUse::kStale) stale_age_->Observe(absl::ToDoubleSeconds(age));
}

void MethodMetrics::End(const absl::Status& outcome, absl::Duration took) const {
  const auto code = static_cast<size_t>(outcome.code());
  handled_[code < kCodes ? code : static_cast<size_t>(absl::StatusCode::kUnknown)]->Increment();
  seconds_->Observe(absl::ToDoubleSeconds(took));
  if (open_ != nullptr) open_->Decrement();
  if (outcome.ok()) return;
  const v1::ErrorReason reason = ReasonOf(outcome);
  if (reason != v1::ERROR_REASON_UNSPECIFIED) refused_[reason]->Increment();
}

RpcMetrics::RpcMetrics(prometheus::Registry& registry)
    : started_(CounterFamily(registry, "grpc_server_started_total", "Calls that have begun.")),
      received_(CounterFamily(registry, "grpc_server_msg_received_total",
                              "Messages received from callers.")),
      sent_(CounterFamily(registry, "grpc_server_msg_sent_total", "Messages sent to callers.")),
      handled_(CounterFamily(registry, "grpc_server_handled_total",
                             "Calls that have ended, by the code they ended with.")),
      seconds_(BuildHistogram()
                   .Name("grpc_server_handling_seconds")
                   .Help("From a call's beginning to its end.")
                   .Register(registry)),
      served_(CounterFamily(registry, "pcaps_cache_requests_total",
                            "Answers, by what the cache had to do with them.")),
      stale_age_(BuildHistogram()
                     .Name("pcaps_cache_stale_age_seconds")
                     .Help("Age of what stood in for an upstream in trouble.")
                     .Register(registry)),
      downloads_(BuildGauge()
                     .Name("pcaps_download_streams")
                     .Help("Downloads under way.")
                     .Register(registry)
                     .Add({})),
      download_bytes_(
          CounterFamily(registry, "pcaps_download_bytes_total", "Bytes sent to readers of files.")
              .Add({})) {
  auto& refused = CounterFamily(registry, "pcaps_refused_total",
                                "Calls that have ended with an error, by its reason.");
  for (const RpcShape shape : {RpcShape::kUnary, RpcShape::kServerStream}) {
    std::vector<Counter*>& counters = refused_[shape];
    counters.resize(v1::ErrorReason_ARRAYSIZE);
    for (int reason = 1; reason < v1::ErrorReason_ARRAYSIZE; ++reason) {
      if (!v1::ErrorReason_IsValid(reason)) continue;
      const std::string name = ReasonName(static_cast<v1::ErrorReason>(reason));
      counters[reason] = &refused.Add({{"grpc_type", ShapeName(shape)}, {"reason", name}});
    }
  }
  auto& rates = CounterFamily(registry, "pcaps_ratelimit_decisions_total",
                              "Calls, and upstream requests, that were held against a rate.");
  for (const int is_callers : {0, 1}) {
    for (const int admitted : {0, 1}) {
      rates_[is_callers][admitted] =
          &rates.Add({{"limiter", is_callers == 1 ? "caller" : "account"},
                      {"decision", admitted == 1 ? "admitted" : "refused"}});
    }
  }
}

const MethodMetrics& RpcMetrics::Add(RpcShape shape, absl::string_view service,
                                     absl::string_view method) {
  const prometheus::Labels labels = {{"grpc_type", ShapeName(shape)},
                                     {"grpc_service", std::string(service)},
                                     {"grpc_method", std::string(method)}};
  MethodMetrics& metrics = methods_.emplace_back();
  metrics.started_ = &started_.Add(labels);
  metrics.received_ = &received_.Add(labels);
  metrics.sent_ = &sent_.Add(labels);
  metrics.seconds_ = &seconds_.Add(labels, BucketsOf(kCallSeconds));
  for (size_t code = 0; code < kCodeNames.size(); ++code) {
    prometheus::Labels with_code = labels;
    with_code["grpc_code"] = kCodeNames[code];
    metrics.handled_[code] = &handled_.Add(with_code);
  }
  metrics.refused_ = refused_[shape];
  if (method == "GetPcap") AddCache(metrics, "capture");
  if (method == "ListPcaps") AddCache(metrics, "list");
  if (method == "DownloadPcap") {
    metrics.open_ = &downloads_;
    metrics.bytes_ = &download_bytes_;
  }
  return metrics;
}

void RpcMetrics::AddCache(MethodMetrics& method, const char* cache) {
  method.stale_age_ = &stale_age_.Add({{"cache", cache}}, BucketsOf(kStaleSeconds));
  for (const CacheUse use :
       {CacheUse::kHit, CacheUse::kMiss, CacheUse::kStale, CacheUse::kBypass}) {
    method.served_[static_cast<size_t>(use)] =
        &served_.Add({{"cache", cache}, {"result", std::string(CacheUseName(use))}});
  }
}

}  // namespace pcaps
