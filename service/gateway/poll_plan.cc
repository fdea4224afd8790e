#include "service/gateway/poll_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// A capture as it is known here; null where nothing is known of it.
struct KnownCapture {
  bool over = false;  // Done, or gone.
  std::optional<v1::Pcap> pcap;
};

KnownCapture FindNewest(const CaptureKey& key, const WatchedAccount& account, PcapCache& cache) {
  const Known known = cache.Find(key);
  const SharedCapture capture = account.Find(key.pcap_id);
  absl::StatusOr<v1::Pcap> pcap = absl::NotFoundError("not known");
  if (known != nullptr) pcap = CaptureOf(key, *known);
  if (!pcap.ok() && capture != nullptr && capture->state != nullptr) pcap = *capture->state;
  if (!pcap.ok()) return {.over = known != nullptr};
  return {.over = pcap->done(), .pcap = *std::move(pcap)};
}

}  // namespace

absl::Duration PollIntervalOf(const std::vector<v1::Pcap>& pcaps, const PollLimits& limits,
                              absl::Time fleet_now) {
  std::optional<absl::Time> youngest;
  for (const v1::Pcap& pcap : pcaps) {
    if (pcap.done()) continue;
    youngest = std::max(youngest, std::optional(FromTimestamp(pcap.submit_time())));
  }
  return PollInterval(limits, fleet_now, youngest);
}

PollPlan MakePollPlan(const std::set<std::string>& wanted, const WatchedAccount& account,
                      PcapCache& cache, const PollLimits& limits, absl::Time fleet_now) {
  PollPlan plan;
  absl::Time oldest = absl::InfiniteFuture();
  std::vector<v1::Pcap> known_open;
  bool unknown = false;  // Of something nobody has told us anything.
  for (const std::string& id : wanted) {
    if (id == kEveryCapture) {
      plan.list = true;
      continue;
    }
    KnownCapture known = FindNewest({account.id, id}, account, cache);
    if (known.over) continue;
    plan.open.insert(id);
    if (known.pcap.has_value()) {
      oldest = std::min(oldest, FromTimestamp(known.pcap->observed_time()));
      known_open.push_back(*std::move(known.pcap));
    } else if (account.Find(id) == nullptr) {
      unknown = true;  // Else it is a newcomer's, and read at once.
    }
  }
  const Known list = plan.list ? cache.FindList(account.id) : nullptr;
  if (list != nullptr) {
    oldest = std::min(oldest, list->order.time);
    for (v1::Pcap& pcap : cache.CapturesOf(account.id, *list)) {
      known_open.push_back(std::move(pcap));
    }
  } else if (plan.list) {
    unknown = unknown || !account.ListUnseen();
  }
  plan.interval = unknown ? limits.min_interval : PollIntervalOf(known_open, limits, fleet_now);
  plan.due_in = unknown ? -absl::InfiniteDuration() : oldest + plan.interval - fleet_now;
  return plan;
}

}  // namespace pcaps
