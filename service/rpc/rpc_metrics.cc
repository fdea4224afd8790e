#include "service/rpc/rpc_metrics.h"

#include <cmath>
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

void MethodMetrics::CountServed(CacheUse use, absl::Duration age) {
  tally_.Add(kServed + static_cast<size_t>(use));
  if (use == CacheUse::kStale && stale_age_ != nullptr) {
    stale_age_->Observe(absl::ToDoubleSeconds(age));
  }
}

void MethodMetrics::End(const absl::Status& outcome, absl::Duration took) {
  const auto nanoseconds = static_cast<double>(absl::ToInt64Nanoseconds(took));
  size_t bucket = 0;  // The first, mostly.
  while (bucket < std::size(kBounds) && nanoseconds > kBounds[bucket] * 1e9) ++bucket;
  tally_.Add(kBucket + bucket);
  tally_.Add(kMicroseconds, std::llround(nanoseconds * 1e-3));
  if (open_ != nullptr) open_->Decrement();
  if (!outcome.ok()) {
    const v1::ErrorReason reason = ReasonOf(outcome);
    if (reason != v1::ERROR_REASON_UNSPECIFIED) refused_[reason]->Increment();
  }
  const auto code = static_cast<size_t>(outcome.code());
  tally_.Add(kHandled + (code < kCodes ? code : static_cast<size_t>(absl::StatusCode::kUnknown)));
}

void MethodMetrics::Publish() {
  const auto take = [this](size_t number) { return static_cast<double>(tally_.Take(number)); };
  for (size_t code = 0; code < kCodes; ++code) handled_[code]->Increment(take(kHandled + code));
  std::vector<double> buckets;
  for (size_t i = 0; i <= std::size(kBounds); ++i) buckets.push_back(take(kBucket + i));
  seconds_->ObserveMultiple(buckets, take(kMicroseconds) * 1e-6);
  for (size_t use = 0; use < kCacheUses; ++use) {
    if (served_[use] != nullptr) served_[use]->Increment(take(kServed + use));
  }
  sent_->Increment(take(kSent));
  const double started = take(kStarted);
  started_->Increment(started);
  received_->Increment(started);
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
  for (const bool is_callers : {false, true}) {
    for (const bool admitted : {false, true}) {
      rates_[RateNumber(is_callers, admitted)] =
          &rates.Add({{"limiter", is_callers ? "caller" : "account"},
                      {"decision", admitted ? "admitted" : "refused"}});
    }
  }
}

MethodMetrics& RpcMetrics::Add(RpcShape shape, absl::string_view service,
                               absl::string_view method) {
  const prometheus::Labels labels = {{"grpc_type", ShapeName(shape)},
                                     {"grpc_service", std::string(service)},
                                     {"grpc_method", std::string(method)}};
  MethodMetrics& metrics = methods_.emplace_back();
  metrics.started_ = &started_.Add(labels);
  metrics.received_ = &received_.Add(labels);
  metrics.sent_ = &sent_.Add(labels);
  metrics.seconds_ = &seconds_.Add(labels, BucketsOf(MethodMetrics::kBounds));
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

void RpcMetrics::Publish() {
  for (MethodMetrics& method : methods_) method.Publish();
  for (size_t i = 0; i < rates_.size(); ++i) {
    rates_[i]->Increment(static_cast<double>(rate_tally_.Take(i)));
  }
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
