// Watcher: one watcher's place: what it watches, and what of that it has been told. It holds no
// state of a capture, but points to the newest: a slow watcher skips middles, never the end.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "service/gateway/watched_account.h"

namespace pcaps {

class WatchHub;

// Made by WatchHub, which outlives it; leaving is destroying it. On the control loop.
class Watcher {
 public:
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // The next capture or removal; nullopt when `until` passes, the snapshot becomes complete, or the
  // caller is cancelled. Errors end the watch: the snapshot could not be had (as PcapsApi says), or
  // the account was taken from us.
  Task<absl::StatusOr<std::optional<v1::WatchEvent>>> Next(absl::Time until);

  // Every watched capture has been seen, or found missing, once.
  bool SnapshotComplete() const;
  // Everything seen was handed out by Next.
  bool AllSent() const;
  // Every watched capture is done or removed, and handed out.
  bool AllDone() const;
  // When the upstream last answered for the account, and whether that is two intervals ago.
  v1::Heartbeat MakeHeartbeat() const;

  absl::Time joined_at() const { return joined_at_; }
  // Something is to be told. May be called for nothing.
  void Wake() { changed_.Notify(); }
  // Counts an event that was written.
  void Wrote(v1::WatchEvent::EventCase kind);
  // Ends the watch once what is known was handed out.
  void End(absl::Status why);

 private:
  friend class WatchHub;
  // A capture and the version of it that was told.
  struct Place {
    SharedCapture capture;
    uint32_t told = 0;
  };

  Watcher(WatchHub& hub, std::shared_ptr<WatchedAccount> account, uint64_t number,
          const std::set<std::string>& ids);

  bool Unsent(const Place& place) const;
  // Gives places to captures that came since.
  void CatchUp();
  std::optional<v1::WatchEvent> TakeUnsent();

  WatchHub& hub_;
  const std::shared_ptr<WatchedAccount> account_;
  const uint64_t number_;
  const absl::Time joined_at_;
  const bool of_everything_;
  std::vector<Place> places_;  // What is removed, and told so, has none.
  uint64_t newest_place_ = 0;  // Of everything: the number of the newest capture with a place.
  std::unique_ptr<absl::Status> end_;  // Why the watch ends, if it does.
  Event changed_;
};

}  // namespace pcaps
