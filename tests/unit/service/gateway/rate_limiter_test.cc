// Each account's rate over a fleet, and what becomes of it without one.
#include "service/gateway/rate_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/base/error.h"
#include "tests/unit/support/losable_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

using Verdict = RateDecision::Verdict;

class RateLimiterTest : public testing::Test {
 protected:
  RateLimiterTest() { limiter_ = MakeReplica(); }

  std::unique_ptr<RateLimiter> MakeReplica() {
    return std::make_unique<RateLimiter>(loop_.get_executor(), state_, clock_, options_);
  }
  void Make() { limiter_ = MakeReplica(); }

  void Poll() {
    loop_.restart();
    loop_.poll();
  }
  void Step(absl::Duration step) { clock_.Advance(step); }

  // As a call is decided: at once where that goes.
  RateDecision Decide(RateLimiter& limiter, const std::string& account) {
    const RateDecision decision = limiter.TryAdmit(account);
    if (decision.verdict != Verdict::kAsk) return decision;
    std::optional<RateDecision> asked;
    Spawn(loop_.get_executor(), {}, limiter.Admit(account), [&](RateDecision got) { asked = got; });
    Poll();
    return asked.value();
  }
  int Admitted(int calls, const std::string& account = "acc") {
    int admitted = 0;
    for (int i = 0; i < calls; ++i) {
      admitted += Decide(*limiter_, account).verdict == Verdict::kAdmitted ? 1 : 0;
    }
    return admitted;
  }

  // Calls that a fleet of three admits of 3,000 a second for ten seconds.
  struct Load {
    int admitted = 0;
    int other_refused = 0;  // Of another account that keeps its rate.
  };
  Load TenSeconds(bool lose_state, bool one_replica_first) {
    options_.max_replicas = 3;
    const std::unique_ptr<RateLimiter> fleet[] = {MakeReplica(), MakeReplica(), MakeReplica()};
    Load load;
    for (int ms = 0; ms < 10'000; ++ms) {
      if (lose_state && ms == 5000) state_.down = true;
      for (int i = 0; i < 3; ++i) {
        RateLimiter& replica = *fleet[one_replica_first && ms < 5000 ? 0 : i];
        load.admitted += Decide(replica, "busy").verdict == Verdict::kAdmitted ? 1 : 0;
      }
      if (ms % 50 == 0) {
        const RateDecision other = Decide(*fleet[ms / 50 % 3], "other");
        load.other_refused += other.verdict == Verdict::kAdmitted ? 0 : 1;
      }
      Step(absl::Milliseconds(1));
    }
    return load;
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  LosableState state_{loop_.get_executor(), clock_};
  RateLimiterOptions options_;
  std::unique_ptr<RateLimiter> limiter_;
};

TEST_F(RateLimiterTest, AdmitsABurstAndThenTheRate) {
  EXPECT_EQ(Admitted(1000), 100);
  Step(absl::Seconds(1));
  EXPECT_EQ(Admitted(1000), 50);
  EXPECT_EQ(Admitted(1000, "other"), 100) << "another account has its own";
}

TEST_F(RateLimiterTest, ALeaseIsSpentWithoutAskingAnybody) {
  EXPECT_EQ(limiter_->TryAdmit("acc").verdict, Verdict::kAsk);
  EXPECT_EQ(Admitted(1), 1);
  EXPECT_EQ(state_.takes, 1);
  EXPECT_EQ(state_.last_take.want, 5) << "100 ms of 50/s";
  EXPECT_EQ(state_.last_take.uses.at(0).bucket.key, "rate:acc");
  Step(absl::Hours(1));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(limiter_->TryAdmit("acc").verdict, Verdict::kAdmitted);
  EXPECT_EQ(limiter_->TryAdmit("acc").verdict, Verdict::kAsk);
  EXPECT_EQ(state_.takes, 1);
}

TEST_F(RateLimiterTest, ALeaseIsOneTokenAtLeast) {
  options_.rate = {2, 3};
  Make();
  EXPECT_EQ(Admitted(10), 3);
  EXPECT_EQ(state_.last_take.want, 1);
  Step(absl::Milliseconds(500));
  EXPECT_EQ(Admitted(10), 1);
}

TEST_F(RateLimiterTest, ARefusalIsRememberedUntilItIsOver) {
  EXPECT_EQ(Admitted(101), 100);
  const int takes = state_.takes;
  for (int i = 0; i < 1000; ++i) {
    const RateDecision refused = limiter_->TryAdmit("acc");
    EXPECT_EQ(refused.verdict, Verdict::kRefused);
    EXPECT_EQ(refused.retry_after, absl::Milliseconds(20));
  }
  EXPECT_EQ(state_.takes, takes);
  Step(absl::Milliseconds(20));
  EXPECT_EQ(limiter_->TryAdmit("acc").verdict, Verdict::kAsk);
  EXPECT_EQ(Admitted(1), 1);
}

TEST_F(RateLimiterTest, CallsAtOnceShareOneLease) {
  int admitted = 0;
  int decided = 0;
  for (int i = 0; i < 1000; ++i) {
    Spawn(loop_.get_executor(), {}, limiter_->Admit("acc"), [&](RateDecision decision) {
      ++decided;
      admitted += decision.verdict == Verdict::kAdmitted ? 1 : 0;
    });
  }
  Poll();
  EXPECT_EQ(decided, 1000);
  EXPECT_EQ(admitted, 100);
  EXPECT_LE(state_.takes, 4);
}

TEST_F(RateLimiterTest, ACallerThatLeavesSpoilsNobodysLease) {
  boost::asio::cancellation_signal cancel;
  std::optional<RateDecision> left;
  std::optional<RateDecision> stayed;
  Spawn(loop_.get_executor(), cancel.slot(), limiter_->Admit("acc"),
        [&](RateDecision decision) { left = decision; });
  Spawn(loop_.get_executor(), {}, limiter_->Admit("acc"),
        [&](RateDecision decision) { stayed = decision; });
  cancel.emit(boost::asio::cancellation_type::terminal);
  Poll();
  ASSERT_TRUE(left.has_value());
  ASSERT_TRUE(stayed.has_value());
  EXPECT_EQ(stayed->verdict, Verdict::kAdmitted);
  EXPECT_EQ(limiter_->counts().leases_unshared, 0);
}

TEST_F(RateLimiterTest, ARateOfZeroIsNoLimitAndAnAccountCanHaveItsOwn) {
  options_.rate.requests_per_second = 0;
  options_.accounts = {{"slow", {1, 2}}};
  Make();
  for (int i = 0; i < 1000; ++i) {
    const RateDecision decision = limiter_->TryAdmit("acc");
    EXPECT_EQ(decision.verdict, Verdict::kAdmitted);
    EXPECT_FALSE(decision.IsLow());
  }
  EXPECT_EQ(state_.takes, 0);
  EXPECT_EQ(limiter_->accounts(), 0U);
  EXPECT_EQ(Admitted(10, "slow"), 2);
}

TEST_F(RateLimiterTest, TellsWhatIsLeft) {
  RateDecision decision = Decide(*limiter_, "acc");
  EXPECT_EQ(decision.limit, 100);
  EXPECT_EQ(decision.remaining, 99);
  EXPECT_EQ(decision.reset, absl::Milliseconds(20));
  EXPECT_FALSE(decision.IsLow());
  EXPECT_EQ(Admitted(80), 80);
  decision = Decide(*limiter_, "acc");
  EXPECT_EQ(decision.remaining, 18);
  EXPECT_TRUE(decision.IsLow());
  EXPECT_EQ(Admitted(100), 18);
  decision = Decide(*limiter_, "acc");
  EXPECT_EQ(decision.remaining, 0);
  EXPECT_TRUE(decision.IsLow());
  EXPECT_EQ(decision.reset, absl::Seconds(2));
}

TEST_F(RateLimiterTest, ARefusalIsAnErrorWithAllItsDetails) {
  EXPECT_EQ(Admitted(100), 100);
  const absl::Status status = RateLimited("acc", Decide(*limiter_, "acc"));
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_ACCOUNT_RATE_LIMITED);
  EXPECT_EQ(RetryAfterOf(status), absl::Milliseconds(20));
  ASSERT_EQ(QuotaFailureOf(status).violations_size(), 1);
  EXPECT_EQ(QuotaFailureOf(status).violations(0).subject(), "account:acc");
}

TEST_F(RateLimiterTest, AFleetAdmitsTheRateAndNoMore) {
  const Load load = TenSeconds(/*lose_state=*/false, /*one_replica_first=*/false);
  EXPECT_NEAR(load.admitted, 600, 30);
  EXPECT_EQ(load.other_refused, 0);
}

TEST_F(RateLimiterTest, AFleetThatLosesItsStateAdmitsNoMore) {
  const Load load = TenSeconds(/*lose_state=*/true, /*one_replica_first=*/false);
  EXPECT_LE(load.admitted, 630);
  EXPECT_GE(load.admitted, 570);
  EXPECT_EQ(load.other_refused, 0);
}

TEST_F(RateLimiterTest, WithoutTheStateAReplicaHasItsShare) {
  options_.max_replicas = 4;
  Make();
  state_.down = true;
  EXPECT_EQ(Admitted(100), 25);
  EXPECT_EQ(limiter_->TryAdmit("acc").verdict, Verdict::kRefused);
  Step(absl::Seconds(1));
  EXPECT_EQ(limiter_->TryAdmit("acc").verdict, Verdict::kAdmitted) << "decided on the spot";
  EXPECT_EQ(Admitted(100), 11);
  EXPECT_EQ(state_.takes, 0) << "it is not asked while it is known to be down";
  state_.down = false;
  Step(absl::Milliseconds(100));
  EXPECT_EQ(Admitted(200), 100);
}

TEST_F(RateLimiterTest, AStateThatFailsWhenAskedIsDoneWithout) {
  class Failing : public LosableState {
   public:
    using LosableState::LosableState;
    bool up() const override { return true; }  // As before the first timeout.
  };
  Failing failing(loop_.get_executor(), clock_);
  failing.down = true;
  RateLimiter limiter(loop_.get_executor(), failing, clock_, options_);
  EXPECT_EQ(Decide(limiter, "acc").verdict, Verdict::kAdmitted);
  EXPECT_EQ(limiter.counts().leases_unshared, 1);
}

TEST_F(RateLimiterTest, RemembersABoundedNumberOfAccounts) {
  options_.max_accounts = 10;
  Make();
  EXPECT_EQ(Admitted(200, "busy"), 100);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Admitted(1, absl::StrCat("acc", i)), 1);
    EXPECT_EQ(Admitted(1, "busy"), 0) << "seen all the time, it is not forgotten";
  }
  EXPECT_EQ(limiter_->accounts(), 10U);
  EXPECT_EQ(limiter_->counts().forgotten, 91);
  Step(absl::Minutes(6));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Admitted(1, absl::StrCat("new", i)), 1);
  EXPECT_EQ(limiter_->accounts(), 5U) << "the idle ones are gone";
}

TEST_F(RateLimiterTest, ManyThreadsSpendOneLeaseOnce) {
  SystemClock clock;
  options_.rate = {1e-6, 100'000};
  options_.lease = absl::Hours(1e6);
  RateLimiter limiter(loop_.get_executor(), state_, clock, options_);
  EXPECT_EQ(Decide(limiter, "acc").verdict, Verdict::kAdmitted);
  const int left = static_cast<int>(state_.last_take.want) - 1;
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < left; ++call) {
        admitted += limiter.TryAdmit("acc").verdict == Verdict::kAdmitted ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted.load(), left);
}

}  // namespace
}  // namespace pcaps
