// RpcMetrics: what Prometheus is told of calls. All series are there, at zero, from the start;
// their handles are made then. What each call counts goes into tallies, which a scrape takes over;
// gauges, and what few calls have, goes into the handles at once.
#pragma once

#include <pcaps/v1/pcaps.pb.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/gateway/served.h"
#include "service/telemetry/tally.h"

namespace pcaps {

enum class RpcShape { kUnary, kServerStream };

// Of one method. Any thread.
class MethodMetrics {
 public:
  // A call has begun; its one request is there.
  void Begin() {
    tally_.Add(kStarted);
    if (open_ != nullptr) open_->Increment();
  }
  void CountMessage(int64_t bytes) {
    tally_.Add(kSent);
    if (bytes_ != nullptr) bytes_->Increment(static_cast<double>(bytes));
  }
  void CountServed(CacheUse use, absl::Duration age);
  // A call has ended, however. Once for each Begin().
  void End(const absl::Status& outcome, absl::Duration took);

 private:
  friend class RpcMetrics;
  // From a hit in the cache to request_timeout, in seconds.
  static constexpr double kBounds[] = {.001, .0025, .005, .01, .025, .05, .1,
                                       .25,  .5,    1,    2.5, 5,    10,  20};
  static constexpr size_t kCodes = 17;
  static constexpr size_t kCacheUses = 4;

  // In the tally: each code, use and bucket has its number.
  enum Number : size_t {
    kStarted,
    kSent,
    kMicroseconds,  // Nanoseconds would be too many after three weeks of 5000 watchers.
    kHandled,
    kServed = kHandled + kCodes,
    kBucket = kServed + kCacheUses,
    kNumbers = kBucket + std::size(kBounds) + 1,  // What is over the last bound has one, too.
  };

  // Takes over what was counted. A call that is handled then has begun, and is in all the others.
  void Publish();

  Tally<kNumbers> tally_;
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
  MethodMetrics& Add(RpcShape shape, absl::string_view service, absl::string_view method);

  // A call was within its caller's, or its account's rate, or not. Any thread.
  void CountRate(bool is_callers, bool admitted) {
    rate_tally_.Add(RateNumber(is_callers, admitted));
  }

  // Takes over what was counted. Before the registry is collected.
  void Publish();

 private:
  template <typename Metric>
  using Family = prometheus::Family<Metric>;

  static size_t RateNumber(bool is_callers, bool admitted) {
    return (is_callers ? 2 : 0) + (admitted ? 1 : 0);
  }

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
  std::array<prometheus::Counter*, 4> rates_;                      // By RateNumber().
  Tally<4> rate_tally_;
  std::list<MethodMetrics> methods_;
};

}  // namespace pcaps
