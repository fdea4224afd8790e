// AccountPoller: keeps what is known of a watched account as new as it is to be. Of all replicas
// that watch the account one has the turn and polls for all; the others live on its news, and read
// the shared state where none came. Without the shared state each polls for itself: the upstream's
// budget bounds them.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/pcap_cache.h"
#include "service/gateway/poll_plan.h"
#include "service/gateway/poll_schedule.h"
#include "service/gateway/watched_account.h"
#include "service/state/shared_state.h"

namespace pcaps {

// Takes what the cache knows of a capture, where that is fresh or final. Returns the capture where
// its watchers must be told.
SharedCapture TakeFresh(WatchedAccount& account, PcapCache& cache, const std::string& pcap_id,
                        absl::Time now);

// On the control loop. What it learns goes to the cache, whose listener tells the account.
class AccountPoller {
 public:
  struct Limits {
    PollLimits poll;
    absl::Duration request_timeout;
  };

  // Polls begun.
  struct Counts {
    int64_t gets = 0;
    int64_t lists = 0;
  };

  struct Callbacks {
    std::function<void(SharedCapture)> tell;  // Has a capture's watchers told.
    // The turn to poll has come here, and was used, or is another replica's. Not when it ends with
    // the watch, nor while the upstream fails.
    std::function<void(bool mine)> on_turn;
  };

  // All referents outlive it. `holder` names this replica.
  AccountPoller(WatchedAccount& account, PcapsApi& api, PcapCache& cache, SharedState& state,
                Clock& clock, const std::function<double()>& uniform, std::string holder,
                Limits limits, Callbacks callbacks, Counts& counts);

  // Runs while the account has watchers.
  Task<void> Run();

 private:
  Task<void> Rest();
  // Polls if it is our turn and time.
  Task<void> TakeTurn();
  // Others may want polled what is known here to be over: then they have missed the news.
  void TellAgain(const std::set<std::string>& wanted);
  void NoteTurn(bool mine);
  PollPlan PlanFor(const std::set<std::string>& wanted);
  Task<absl::Status> PollAll(PollPlan plan);
  // Shows newcomers what they wait for, which the next poll would show too late.
  Task<void> ReadUnseen();
  Task<absl::Status> PollUnseen();
  // Reads captures, and the list where all are watched, from the shared state.
  Task<void> ReadShared(std::set<std::string> pcap_ids);
  void TakeList(const Known& list);

  Task<absl::Status> PollList(std::set<std::string> open);
  Task<absl::Status> PollEach(std::set<std::string> ids, bool only_unseen);
  Task<absl::Status> PollOne(std::string pcap_id);
  // Keeps a long poll's turn.
  Task<void> KeepTurn();
  // One capture could not be had: that is the end for those who have seen nothing of it yet.
  void EndUnseen(const std::string& pcap_id, const absl::Status& trouble);
  // What came of a poll.
  void Conclude(const absl::Status& polled);
  // Ends newcomers that have waited too long for leave to call; shows what is stale where there is
  // any.
  void EndImpatient();

  absl::Duration Tick() const { return limits_.poll.min_interval; }
  // How long an answer counts as fresh: until the next poll.
  absl::Duration FreshFor(const std::vector<v1::Pcap>& answer) const;
  std::set<std::string> Wanted() const;
  bool UnseenDue() const;
  std::string FirstReadKey() const;

  WatchedAccount& account_;
  PcapsApi& api_;
  PcapCache& cache_;
  SharedState& state_;
  Clock& clock_;
  const std::function<double()>& uniform_;
  const std::string holder_;
  const Limits limits_;
  const Callbacks callbacks_;
  Counts& counts_;
  bool has_turn_ = false;
  std::set<std::string> ours_;  // What we asked to be polled when we last asked for the turn,
  absl::Time turn_asked_at_ = absl::InfinitePast();  // then.
  absl::Time next_turn_ = absl::InfinitePast();
  absl::Time next_first_read_ = absl::InfinitePast();
};

}  // namespace pcaps
