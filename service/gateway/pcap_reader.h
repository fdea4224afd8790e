// PcapReader: captures and lists, read at the least cost: what is remembered, else what somebody
// else is just asking for, else one upstream call.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/pcap_cache.h"
#include "service/gateway/served.h"
#include "service/gateway/single_flight.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct PcapReaderOptions {
  absl::Duration request_timeout = absl::Seconds(20);  // Bounds an upstream call, its waits too.
  std::string holder;  // This process's name in the shared state. Empty: there is no other process.
  // Whether the upstream may not be asked now for this account: then what is stale will do at once.
  std::function<bool(const std::string& account_id)> is_spent = [](const std::string&) {
    return false;
  };
};

class PcapReader {
 public:
  using Capture = absl::StatusOr<Served<v1::Pcap>>;

  // All referents outlive the reader.
  PcapReader(Loop control, PcapsApi& api, PcapCache& cache, SharedState& state, Clock& clock,
             PcapReaderOptions options);

  // The answer to Get() where this process remembers it, also that there is none. Any thread.
  std::optional<Capture> Cached(const CaptureKey& key, std::optional<absl::Duration> max_age);

  // The capture, seen no longer ago than `max_age`; not set: while it counts as fresh. 0 asks the
  // upstream. What is stale stands in for an upstream in trouble, or too slow for the
  // deadline, unless `max_age` is 0. Errors: as PcapsApi says. On the control loop.
  Task<Capture> Get(CaptureKey key, std::optional<absl::Duration> max_age, CallTerms terms);

  // All captures of the account, in the upstream's order; else as Get(). On the control loop.
  Task<absl::StatusOr<Served<std::vector<v1::Pcap>>>> List(std::string account_id, CallTerms terms);

  // Callers who shared another's upstream call.
  int64_t joined() const { return fetches_.joined() + lists_.joined(); }

 private:
  // A call that is to see the world as it is after it began asks on its own.
  using FlightKey = std::pair<CaptureKey, bool>;
  struct Fetched {
    Known known;
    bool ours = true;  // Our call brought it, and no other replica's.
  };

  bool IsFresh(const Remembered& known, std::optional<absl::Duration> max_age) const;
  Known StaleOrNull(const CaptureKey& key, const absl::Status& trouble);
  Capture Answer(const CaptureKey& key, const Known& known, CacheUse use) const;
  Task<absl::StatusOr<Known>> LookUp(CaptureKey key);
  Task<absl::StatusOr<Fetched>> Fetch(CaptureKey key, bool bypass,
                                      std::shared_ptr<UpstreamCost> cost);
  Task<absl::StatusOr<Fetched>> Ask(CaptureKey key, CallTerms terms);
  Task<Known> AwaitOtherReplica(CaptureKey key);
  Task<Known> NewerThan(Known before, CaptureKey key);
  Task<bool> TakeFleetTurn(CaptureKey key);
  Task<absl::StatusOr<Known>> FetchList(std::string account_id, std::shared_ptr<UpstreamCost> cost);

  const Loop control_;
  PcapsApi& api_;
  PcapCache& cache_;
  SharedState& state_;
  Clock& clock_;
  const PcapReaderOptions options_;
  SingleFlight<CaptureKey, Known> lookups_;
  SingleFlight<FlightKey, Fetched> fetches_;
  SingleFlight<std::string, Known> lists_;
};

}  // namespace pcaps
