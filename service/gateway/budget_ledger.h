// BudgetLedger: tokens and closings of the budgets, of the fleet and of this replica alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/upstream_gate.h"
#include "service/gateway/budget_buckets.h"
#include "service/gateway/budget_levels.h"
#include "service/state/shared_state.h"
#include "service/state/token_buckets.h"

namespace pcaps {

struct BudgetLedgerOptions {
  std::map<std::string, BudgetRate> budgets;  // By name; others are like BudgetRate{}.
  BudgetShares shares;
  int max_replicas = 1;  // Without the shared state this one's share is 1/max_replicas.
  // For the log: an answer to this replica closes a bucket ("default", or
  // "default:creates:<account>") for a time, or has opened it again.
  std::function<void(const std::string& bucket, absl::Duration closed_for)> on_closed;
  std::function<void(const std::string& bucket)> on_reopened;
};

// What is taken from the shared state is charged to this replica's own buckets, too, and closings
// are kept here as well: when the shared state is lost, these are gone by. What is then taken from
// them alone is taken from the fleet's as soon as those are to be had again. So nothing is given
// away, either way. All on the control loop; the shared state must outlive the loop's last task.
class BudgetLedger : public std::enable_shared_from_this<BudgetLedger> {
 public:
  struct Counts {
    int64_t closed = 0;    // 429s.
    int64_t unshared = 0;  // Asked while the shared state did not answer.
  };

  BudgetLedger(Loop control, SharedState& state, BudgetLedgerOptions options);

  // Pays for one request, or says why not. Errors: CANCELLED.
  Task<absl::StatusOr<TakeResult>> Take(UpstreamAsk ask);
  // What came of a request that was paid for.
  void Note(const UpstreamAsk& ask, const UpstreamLeave& leave, const UpstreamVerdict& verdict);

  // What is known here of a budget: the fleet's, or, while the shared state does not answer, this
  // replica's own.
  struct Level {
    double tokens = 0;          // Left; 0 while it is closed. All, before anybody has asked here.
    double burst = 0;           // Tokens when it is full.
    absl::Duration closed_for;  // The upstream has told us to wait. 0: it is open.
  };
  // All that are configured, by name.
  std::map<std::string, Level> Levels() const;

  const Counts& counts() const { return counts_; }

 private:
  struct Closing {
    absl::Time until;                              // As far as anybody has said.
    absl::Time seen_until = absl::InfinitePast();  // What this replica's own 429s say.
    absl::Time told;                               // When the shared state was told last.
  };

  const BudgetRate& RateOf(const std::string& budget) const;
  TakeRequest OwnTakeOf(const UpstreamAsk& ask) const;
  TakeRequest FleetTakeOf(const UpstreamAsk& ask) const;
  TakeResult TakeOwn(const UpstreamAsk& ask, absl::Time now);
  TakeResult WithoutState(const UpstreamAsk& ask, const TakeResult& own);
  TakeResult WithState(const UpstreamAsk& ask, const TakeResult& own, const TakeResult& shared);
  std::optional<TakeResult> RefusedByClosings(const UpstreamAsk& ask, absl::Time now);
  void Owe(const std::string& budget, double tokens);
  // Takes what was spent without the shared state from the fleet's bucket, as far as that has it.
  void PayDebt(const UpstreamAsk& ask);
  static Task<void> Paying(std::shared_ptr<BudgetLedger> self, std::string budget,
                           TakeRequest debt);
  // Of a probe that is not sent.
  void PutOffOwnProbe(const TakeResult& own);
  void GiveUpProbe(const TakeResult& taken);
  static std::string ClosedBy429(const UpstreamAsk& ask, const UpstreamVerdict& verdict);
  Closing& ClosingOf(const std::string& key, absl::Time now);
  // Whether it was open until now, or is closed for longer than anybody knew.
  bool Close(const std::string& key, absl::Duration pause);
  // Whether it is open.
  bool Reopen(const UpstreamAsk& ask, const std::string& key);
  void ReopenOwn(const UpstreamAsk& ask, const std::string& key, absl::Time now);
  void Tighten(const UpstreamAsk& ask, const std::vector<RateLimitWindow>& windows);
  void TellAgain(const UpstreamAsk& ask, absl::Time now);
  // Tells the shared state; where it does not hear, what is known here has to do.
  void Tell(Task<absl::Status> call);

  const Loop control_;
  SharedState& state_;
  const BudgetLedgerOptions options_;
  TokenBuckets own_;                         // Times are of the fleet's clock.
  std::map<std::string, double> debts_;      // Tokens, by budget.
  BudgetLevels levels_;                      // The fleet's.
  BudgetLevels own_levels_;                  // Small however much the fleet has left.
  std::map<std::string, Closing> closings_;  // By bucket, as far as they are known here.
  Counts counts_;
};

}  // namespace pcaps
