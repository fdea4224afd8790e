// PcapCache: what is known of captures. Whatever shows a capture tells it; it keeps the newest in
// this process and in the shared state, and tells all replicas. Values whose account or id is not
// that of their key are no values.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/gateway/capture_file.h"
#include "service/gateway/local_cache.h"
#include "service/gateway/observation.h"
#include "service/state/shared_state.h"

namespace pcaps {

// How long an answer is fresh, by what it says. 0: it is asked for again each time.
struct PcapCacheOptions {
  absl::Duration terminal_ttl = absl::Hours(24);    // A done capture.
  absl::Duration active_ttl = absl::Seconds(2);     // Any other.
  absl::Duration list_ttl = absl::Seconds(5);       // An account's list.
  absl::Duration not_found_ttl = absl::Seconds(5);  // That there is no such capture.
  absl::Duration stale_ttl = absl::Hours(24);  // How long all but the last are usable after that.
  size_t max_entries = 100000;                 // Of this process.
  bool alone = false;  // No other replica: the shared state needs no second copy.
};

// The capture that is remembered; NOT_FOUND/CAPTURE_NOT_FOUND where it is known not to exist.
absl::StatusOr<v1::Pcap> CaptureOf(const CaptureKey& key, const Remembered& known);

class PcapCache {
 public:
  // On the control loop, for every observation newer than what was known, whoever made it.
  using Listener = std::function<void(const Observation&)>;
  // When news may have been lost, and when listening to the fleet begins.
  using GapListener = std::function<void()>;

  // All referents outlive the cache. On the control loop but for Find(), which any thread may call.
  // Runs until the loop ends.
  PcapCache(Loop control, SharedState& state, Clock& clock, PcapCacheOptions options);

  void Listen(Listener on_newer, GapListener on_gap);

  // Takes what an upstream call showed: remembers it here at once, and in the fleet without being
  // waited for.
  void Observe(std::vector<Observation> seen);
  // The same of one capture. Returns the newest that is known, which may be newer.
  Known Observe(const Observation& seen);
  // The upstream has no such capture, said a call that began at `began` on the fleet's clock.
  void ObserveMissing(const CaptureKey& key, absl::Time began);
  // The same of an account's whole list, in the upstream's order, by a call that began at `began`.
  // `fresh_for` as in Observation.
  Known ObserveList(const std::string& account_id, std::vector<v1::Pcap> pcaps, absl::Time began,
                    std::optional<absl::Duration> fresh_for = std::nullopt);
  // What a write of ours has done to the list is not in any list remembered.
  void ForgetList(const std::string& account_id);

  // What this process knows; null where it knows nothing.
  Known Find(const CaptureKey& key);
  Known FindList(const std::string& account_id);

  // The same once the shared state was asked, too. Newer captures that it knows go to the listener
  // as well. Never an error: what cannot be had is null. In the order of `keys`.
  Task<std::vector<Known>> Read(std::vector<CaptureKey> keys);
  Task<Known> Read(CaptureKey key);
  Task<Known> ReadList(std::string account_id);
  // A list's captures, each as new as this process knows it.
  std::vector<v1::Pcap> CapturesOf(const std::string& account_id, const Remembered& list);

  // Notified after every newer observation. On the control loop.
  Event& news() { return news_; }

  // Values of the shared state that were not what their key says.
  int64_t corrupt_values() const { return corrupt_values_; }

 private:
  absl::Time ToLocal(absl::Time fleet_time) const;
  absl::Duration FreshFor(const Observation& seen) const;
  absl::Duration FreshFor(const state::v1::ListRecord& list) const;
  Known ToKnown(const Observation& seen) const;
  Known ToKnown(const state::v1::ListRecord& list) const;

  void KeepNewerState(Observation& marker);
  // True where it is newer than what was known. Of a write's observation the state may change: see
  // KeepNewerState.
  bool Remember(Observation& seen);
  bool Remember(const state::v1::ListRecord& list);
  // What the shared state holds under a key: null where that is not what the key says.
  Known Learn(const CaptureKey& key, const OrderedValue& value);
  Known LearnList(const std::string& account_id, const OrderedValue& value);
  void Tell(const Observation& newer);
  void OnMessage(const std::string& message);

  // Write to the shared state, and are not waited for.
  void Share(const std::vector<Observation>& newer);
  void Share(const state::v1::ListRecord& list);
  void Put(std::string key, OrderedValue value, absl::Duration ttl);
  void Publish(const state::v1::Update& update);
  bool BeginSharing();

  const Loop control_;
  SharedState& state_;
  Clock& clock_;
  const PcapCacheOptions options_;
  LocalCache local_;
  Listener on_newer_ = [](const Observation&) {};
  GapListener on_gap_ = [] {};
  Event news_;
  int64_t corrupt_values_ = 0;
  int sharing_ = 0;         // Writes under way.
  int64_t not_shared_ = 0;  // Those left out for want of room.
};

}  // namespace pcaps
