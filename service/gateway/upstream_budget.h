// UpstreamBudget: one budget of upstream requests per Cloudflare user, over the whole fleet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/upstream_gate.h"
#include "service/gateway/budget_ledger.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct UpstreamBudgetOptions {
  BudgetLedgerOptions ledger;
  // So long a request waits for its token: a reader may have something stale instead, a writer has
  // nothing. A poll does not wait, it comes again.
  absl::Duration read_patience = absl::Seconds(1);
  absl::Duration write_patience = absl::Seconds(10);
  int max_waiting = 1000;  // Above it: refused at once. A few KiB each.
};

// Every request costs a token of its budget. Reads and polls leave some for writes, polls take half
// at most, and so do the reads and polls of one account while others ask. A 429 closes the budget
// for the whole fleet, and then one request finds out whether that is over; one to a create closes
// the creates of its account alone, unless the answer says that nothing is left for anybody.
//
// Made with make_shared. Enter() and Report() on any loop; what they do happens on the control
// loop, and so does all else. The shared state and the clock must outlive the loops' last task.
class UpstreamBudget : public UpstreamGate, public std::enable_shared_from_this<UpstreamBudget> {
 public:
  struct Counts {
    int64_t granted = 0;
    int64_t probes = 0;           // The part of `granted` that were probes.
    int64_t waited = 0;           // Requests that had to, granted or not.
    int64_t refused_spent = 0;    // No token would come in time.
    int64_t refused_closed = 0;   // The upstream has told us to wait.
    int64_t refused_crowded = 0;  // Too many waited already.
  };

  // `uniform` returns random numbers in [0, 1).
  UpstreamBudget(Loop control, SharedState& state, Clock& clock, std::function<double()> uniform,
                 UpstreamBudgetOptions options);

  Task<absl::StatusOr<UpstreamLeave>> Enter(UpstreamAsk ask) override;
  void Report(const UpstreamAsk& ask, const UpstreamLeave& leave,
              const UpstreamVerdict& verdict) override;

  // Where such a request of the account was refused lately, or would wait behind others: when it is
  // worth another try. As remembered here; asks nobody.
  std::optional<absl::Duration> SpentFor(const std::string& account_id, Purpose purpose) const;

  const Counts& counts() const { return counts_; }
  const BudgetLedger::Counts& ledger_counts() const { return ledger_->counts(); }
  std::map<std::string, BudgetLedger::Level> Levels() const { return ledger_->Levels(); }
  int waiting() const { return waiting_; }

 private:
  enum class Kind { kRead, kPoll, kWrite, kCreate };
  using LineKey = std::pair<std::string, Kind>;  // Of an account, which has one budget.
  // Those who ask for the same tokens. Once one is refused the others wait behind it, and the first
  // alone asks.
  struct Line {
    std::string budget;
    absl::Time ask_again = absl::InfinitePast();  // The refusal stands until then.
    absl::Time ready = absl::InfinitePast();      // When a token may be had.
    bool closed = false;
    std::list<Event*> waiting;
  };
  class Place;

  static Kind KindOf(const UpstreamAsk& ask);
  static Task<absl::StatusOr<UpstreamLeave>> AdmitFor(std::shared_ptr<UpstreamBudget> self,
                                                      UpstreamAsk ask);
  Task<absl::StatusOr<UpstreamLeave>> Admit(UpstreamAsk ask);
  Task<absl::StatusOr<UpstreamLeave>> WaitInLine(const UpstreamAsk& ask, absl::Time end);
  Task<std::optional<UpstreamLeave>> TryTake(const UpstreamAsk& ask);
  Line& LineOf(const UpstreamAsk& ask);
  void Remember(Line& line, const TakeResult& refusal);
  absl::Status Refuse(const Line& line);
  void Note(const UpstreamAsk& ask, const UpstreamLeave& leave, const UpstreamVerdict& verdict);
  absl::Time PatienceEnd(const UpstreamAsk& ask) const;

  const Loop control_;
  Clock& clock_;
  const std::function<double()> uniform_;
  const UpstreamBudgetOptions options_;
  const std::shared_ptr<BudgetLedger> ledger_;
  std::map<LineKey, Line> lines_;
  size_t sweep_at_;
  int waiting_ = 0;
  Counts counts_;
};

}  // namespace pcaps
