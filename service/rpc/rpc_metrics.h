// RpcMetrics: what Prometheus is told of calls. All series are there, at zero, from the start;
// their handles are made then, and calls only count.
#pragma once

#include <pcaps/v1/pcaps.pb.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/gateway/served.h"

namespace pcaps {

enum class RpcShape { kUnary, kServerStream };

// Of one method. Any thread.
class MethodMetrics {
 public:
  // A call has begun; its one request is there.
  void Begin() const;
  void CountMessage(int64_t bytes) const;
  void CountServed(CacheUse use, absl::Duration age) const;
  // A call has ended, however. Once for each Begin().
  void End(const absl::Status& outcome, absl::Duration took) const;

 private:
  friend class RpcMetrics;
  static constexpr size_t kCodes = 17;
  static constexpr size_t kCacheUses = 4;

  prometheus::Counter* started_;
  prometheus::Counter* received_;
  prometheus::Counter* sent_;
  std::array<prometheus::Counter*, kCodes> handled_;  // By code.
  prometheus::Histogram* seconds_;
  std::vector<prometheus::Counter*> refused_;  // By reason; all methods of a shape share them.
  // Null where the method has none: answers from a cache, files.
  std::array<prometheus::Counter*, kCacheUses> served_ = {};
  prometheus::Histogram* stale_age_ = nullptr;
  prometheus::Gauge* open_ = nullptr;
  prometheus::Counter* bytes_ = nullptr;
};

class RpcMetrics {
 public:
  // The registry outlives it.
  explicit RpcMetrics(prometheus::Registry& registry);

  // At the start, once for each method of the contract. Lives as long as this.
  const MethodMetrics& Add(RpcShape shape, absl::string_view service, absl::string_view method);

  // A call was within its caller's, or its account's rate, or not. Any thread.
  void CountRate(bool is_callers, bool admitted) {
    rates_[is_callers ? 1 : 0][admitted ? 1 : 0]->Increment();
  }

 private:
  template <typename Metric>
  using Family = prometheus::Family<Metric>;

  void AddCache(MethodMetrics& method, const char* cache);

  Family<prometheus::Counter>& started_;
  Family<prometheus::Counter>& received_;
  Family<prometheus::Counter>& sent_;
  Family<prometheus::Counter>& handled_;
  Family<prometheus::Histogram>& seconds_;
  Family<prometheus::Counter>& served_;
  Family<prometheus::Histogram>& stale_age_;
  prometheus::Gauge& downloads_;
  prometheus::Counter& download_bytes_;
  std::map<RpcShape, std::vector<prometheus::Counter*>> refused_;  // By reason.
  prometheus::Counter* rates_[2][2];  // Of accounts, of callers; refused, admitted.
  std::list<MethodMetrics> methods_;
};

}  // namespace pcaps
