// PcapCache: what is known of captures. Whatever shows a capture tells it; it keeps the newest in
// this process and in the shared state, and tells all replicas.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/gateway/capture_file.h"
#include "service/gateway/local_cache.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct PcapCacheOptions {
  absl::Duration terminal_ttl = absl::Hours(24);
  absl::Duration active_ttl = absl::Seconds(2);
  absl::Duration list_ttl = absl::Seconds(5);
  absl::Duration not_found_ttl = absl::Seconds(5);
  absl::Duration stale_ttl = absl::Hours(24);
  size_t max_entries = 100000;
};

// A capture as somebody saw it.
struct Observation {
  v1::Pcap pcap;      // Of one that is gone: account_id, id and observed_time.
  bool gone = false;  // The upstream knows no such capture.
  // What began before this is older: observed_time, or later where a write may have changed the
  // capture since. On the fleet's clock.
  absl::Time not_before;
  // How long it counts as fresh, where not as long as the options say: a watched capture is fresh
  // until the next poll.
  std::optional<absl::Duration> fresh_for;
};

class PcapCache {
 public:
  // Called on the control loop for every observation that is newer than what was known, whoever
  // made it.
  using Listener = std::function<void(const Observation&)>;
  // Called when news may have been lost, and when listening to the fleet begins.
  using GapListener = std::function<void()>;

  // All referents outlive the cache. On the control loop but for Find(), which any thread may call.
  PcapCache(Loop control, SharedState& state, Clock& clock, PcapCacheOptions options);

  void Listen(Listener on_newer, GapListener on_gap);

  // Takes what an upstream call showed: remembers it here at once, and in the fleet without being
  // waited for.
  void Observe(std::vector<Observation> seen);
  // One answer's captures, at the time the call began.
  void Observe(const v1::Pcap& pcap);

  // What this process knows.
  std::optional<Remembered> Find(const CaptureKey& key);
  // The same, once the shared state was asked too. What it knows that is newer goes to the listener
  // as well. Empty where neither knows it; never an error.
  Task<std::vector<std::optional<Remembered>>> Read(std::vector<CaptureKey> keys);
};

}  // namespace pcaps
