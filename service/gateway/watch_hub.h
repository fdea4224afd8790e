// WatchHub: follows captures for any number of watchers with one poller per account.
// A watcher holds only the newest unsent state of each capture: a slow one skips middles, never the
// end. All on the control loop.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"

namespace pcaps {

struct WatchOptions {
  absl::Duration min_poll_interval =
      absl::Seconds(2);  // A capture this young is polled this often;
  absl::Duration max_poll_interval = absl::Seconds(15);  // the interval grows with its age to this.
  absl::Duration request_timeout = absl::Seconds(20);    // Bounds one poll call.
  int max_streams = 5000;  // Above them: RESOURCE_EXHAUSTED/OVERLOADED.
  int max_streams_per_account = 2000;
};

class WatchHub;

// One watcher's place in the hub; leaving is destroying it.
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

 private:
  friend class WatchHub;
  struct Account;
  Watcher(WatchHub& hub, std::shared_ptr<Account> account, std::set<std::string> ids);

  void Observe(const v1::Pcap& pcap);
  void Remove(const std::string& id);

  WatchHub& hub_;
  const std::shared_ptr<Account> account_;
  const uint64_t number_;
  const std::set<std::string> ids_;         // Empty: every capture of the account.
  std::set<std::string> unseen_;            // Named ones the snapshot still lacks.
  std::set<std::string> open_;              // Named ones neither done nor removed.
  bool listed_ = false;                     // Without names: a list was seen.
  std::map<std::string, v1::Pcap> unsent_;  // Newest state of each.
  std::set<std::string> removed_unsent_;
  absl::Status end_;
  Event changed_;
};

class WatchHub {
 public:
  WatchHub(Loop loop, PcapsApi& api, Clock& clock, WatchOptions options);
  ~WatchHub();

  // Follows the captures named, or all of the account. OVERLOADED above the limits.
  absl::StatusOr<std::unique_ptr<Watcher>> Watch(std::string account_id, std::set<std::string> ids);

  // How many watchers there are.
  int watchers() const { return watchers_; }

 private:
  friend class Watcher;
  using Account = Watcher::Account;

  // What a poll asks for: every open capture, or only those a newcomer waits to see.
  enum class Scope { kOpen, kUnseen };

  // Runs while the account has watchers.
  Task<void> Poll(std::shared_ptr<Account> account);
  Task<absl::Status> PollOnce(std::shared_ptr<Account> account, Scope scope);
  Task<absl::Status> PollList(std::shared_ptr<Account> account, std::set<std::string> due);
  Task<absl::Status> PollEach(std::shared_ptr<Account> account, std::set<std::string> due);
  Task<void> Publish(std::shared_ptr<Account> account, v1::Pcap pcap);
  Task<void> PublishRemoved(std::shared_ptr<Account> account, std::string id);
  absl::Duration Interval(const Account& account) const;
  void Leave(Watcher& watcher);

  const Loop loop_;
  PcapsApi& api_;
  Clock& clock_;
  const WatchOptions options_;
  std::map<std::string, std::shared_ptr<Account>> accounts_;
  int watchers_ = 0;
  uint64_t joined_ = 0;  // Numbers the watchers.
};

}  // namespace pcaps
