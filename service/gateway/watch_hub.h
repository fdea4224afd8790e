// WatchHub: follows captures for any number of watchers, with one poller per account in the whole
// fleet. What watchers are told comes through the PcapCache alone, whoever saw it.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/account_poller.h"
#include "service/gateway/pcap_cache.h"
#include "service/gateway/watched_account.h"
#include "service/gateway/watcher.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct WatchOptions {
  absl::Duration min_poll_interval =
      absl::Seconds(2);  // A capture this young is polled this often;
  absl::Duration max_poll_interval = absl::Seconds(15);  // the interval grows with its age to this.
  absl::Duration request_timeout = absl::Seconds(20);    // Bounds one poll call, and how long a
                                                         // newcomer waits for leave to call.
  int max_streams = 5000;  // Above them: RESOURCE_EXHAUSTED/OVERLOADED.
  int max_streams_per_account = 2000;
  // Distinct captures that are watched. The shared state is told of all that are open, in one
  // script that nobody else's command gets past: 5 us each.
  size_t max_captures_per_account = 1000;
  std::string holder;  // This process's name in the shared state: no other's.
  // The turn to poll an account has come to this replica, or gone to another.
  std::function<void(const std::string& account_id, bool mine)> on_turn;
  // From a change being seen here until its last watcher was woken.
  std::function<void(absl::Duration)> on_fanned_out;
};

// Everything on the control loop.
class WatchHub {
 public:
  struct Counts {
    AccountPoller::Counts polls;
    // Messages written to watchers.
    int64_t pcaps = 0;
    int64_t removed = 0;
    int64_t heartbeats = 0;
  };

  // Listens to `cache`: nobody else may. `polls` is called with the purpose of polling; `uniform`
  // returns numbers in [0, 1). All referents outlive the hub, and the hub the loop's work.
  WatchHub(Loop loop, PcapsApi& polls, PcapCache& cache, SharedState& state, Clock& clock,
           std::function<double()> uniform, WatchOptions options);

  // Follows the captures named, or all of the account. OVERLOADED above the limits; while the
  // upstream fails, its error where that is needed to say what is watched.
  absl::StatusOr<std::unique_ptr<Watcher>> Watch(std::string account_id, std::set<std::string> ids);

  // How many watchers there are.
  int watchers() const { return watchers_; }
  // Since the upstream has answered for the watched account that has waited longest for that. 0:
  // nobody watches.
  absl::Duration OldestAnswer() const;
  const Counts& counts() const { return counts_; }

 private:
  friend class Watcher;
  using Account = std::shared_ptr<WatchedAccount>;

  // Runs while the account has watchers.
  Task<void> Follow(Account account);
  void OnNewer(const Observation& seen);
  void OnGap();
  void Tell(Account account, SharedCapture capture);
  Task<void> FanOut();
  bool IsStale(const WatchedAccount& account) const;
  void Left(WatchedAccount& account);

  const Loop loop_;
  PcapsApi& polls_;
  PcapCache& cache_;
  SharedState& state_;
  Clock& clock_;
  const std::function<double()> uniform_;
  const WatchOptions options_;
  std::map<std::string, Account> accounts_;
  struct ToTell {
    Account account;
    SharedCapture capture;
    absl::Time since;
  };
  std::deque<ToTell> to_tell_;  // Each capture once at most.
  bool telling_ = false;
  int watchers_ = 0;
  uint64_t joined_ = 0;  // Numbers the watchers.
  Counts counts_;
};

}  // namespace pcaps
