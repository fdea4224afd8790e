// RateLimiter: each account's rate, over the whole fleet, paid for in leases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/flight.h"
#include "clients/base/mutex.h"
#include "clients/base/task.h"
#include "service/state/shared_state.h"
#include "service/state/token_bucket.h"

namespace pcaps {

struct RateLimiterOptions {
  struct Rate {
    double requests_per_second = 50;  // 0: no limit.
    double burst = 100;               // At least 1.
  };
  Rate rate;
  std::map<std::string, Rate, std::less<>> accounts;  // Those with a rate of their own.
  int max_replicas = 1;  // Without the shared state this one's share is 1/max_replicas.
  // So much of a rate is taken at once. Longer, and replicas hoard what others lack; shorter, and
  // the state is asked more often.
  absl::Duration lease = absl::Milliseconds(100);
  // Remembered at most, about half a KiB each: callers can invent ids. The one not seen for longest
  // goes first, and starts anew when it is back.
  size_t max_accounts = 100'000;
  absl::Duration idle_after = absl::Minutes(5);  // Then it is forgotten anyhow.
};

struct RateDecision {
  enum class Verdict { kAdmitted, kRefused, kAsk };

  // True where the caller should be told the numbers.
  bool IsLow() const { return verdict == Verdict::kRefused || remaining < 0.2 * limit; }

  Verdict verdict = Verdict::kAdmitted;
  absl::Duration retry_after;  // Of a refusal.
  double limit = 0;            // Calls at once: the burst. 0: no limit.
  // How many more, and when it will be `limit` again; as this replica knows it, which is not all of
  // what the others spend.
  double remaining = 0;
  absl::Duration reset;
};

// A bucket per account is in the shared state. Tokens are taken from there in leases, kept until
// they are spent, and spent without asking anybody; a refusal is remembered until it is over. While
// the shared state is down, an account has a bucket of this replica alone, at its share of rate and
// burst, which all this replica admits is charged to at all times: losing the state gives nothing
// away. The shared state must outlive the loop's last task.
class RateLimiter {
 public:
  struct Counts {
    int64_t admitted = 0;
    int64_t refused = 0;
    int64_t leases = 0;           // Asked for.
    int64_t leases_unshared = 0;  // The part of them that the shared state did not answer.
    int64_t forgotten = 0;        // Accounts, for want of room.
  };

  // `clock` may be asked on any thread.
  RateLimiter(Loop control, SharedState& state, Clock& clock, RateLimiterOptions options);

  using Rate = RateLimiterOptions::Rate;

  // What can be decided at once, on any thread. kAsk: only Admit() knows.
  RateDecision TryAdmit(absl::string_view account_id) {
    return TryAdmit(account_id, RateOf(account_id));
  }
  // On the control loop. Admitted or refused; also where the caller is cancelled.
  Task<RateDecision> Admit(std::string account_id);

  // The same for who is no account, and has a rate of his own. `subject`: no account's id.
  RateDecision TryAdmit(absl::string_view subject, const Rate& rate);
  Task<RateDecision> Admit(std::string subject, Rate rate);

  Counts counts() const;
  size_t accounts() const;

 private:
  struct Account {
    std::string id;
    double tokens = 0;  // Of leases.
    absl::Time refused_until = absl::InfinitePast();
    TokenBucket own;  // To go by while the shared state is down.
    absl::Time used;
  };
  using Lease = Flight<TakeResult>;
  // Callers of one account who wait for its next lease.
  struct Line {
    std::shared_ptr<Lease> lease;  // Under way; null: none is.
    int asking = 0;
  };

  const Rate& RateOf(absl::string_view account_id) const;
  Bucket OwnBucket(const Rate& rate) const;
  Account& Find(absl::string_view account_id, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RateDecision Decide(Account& account, const Rate& rate, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeOwn(Account& account, const Rate& rate, double want, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<Lease> StartLease(const std::string& account_id, const Rate& rate);
  void Landed(const std::string& account_id, const Rate& rate, double want,
              const absl::StatusOr<TakeResult>& taken);

  const Loop control_;
  SharedState& state_;
  Clock& clock_;
  const RateLimiterOptions options_;
  std::map<std::string, Line> lines_;  // On the control loop alone.

  mutable Mutex mutex_;
  std::list<Account> accounts_ ABSL_GUARDED_BY(mutex_);  // The one seen last comes first.
  // By id; the keys are those of accounts_.
  std::unordered_map<std::string_view, std::list<Account>::iterator> by_id_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

// RESOURCE_EXHAUSTED ACCOUNT_RATE_LIMITED, with RetryInfo and QuotaFailure.
absl::Status RateLimited(absl::string_view account_id, const RateDecision& refusal);
// The same of a caller: CALLER_RATE_LIMITED.
absl::Status CallerRateLimited(absl::string_view caller, const RateDecision& refusal);

}  // namespace pcaps
