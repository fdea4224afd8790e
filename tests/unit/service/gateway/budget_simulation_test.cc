// Hours of a fleet in trouble: whatever is lost, the upstream's limit is not hit.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/gateway/upstream_budget.h"
#include "tests/unit/support/losable_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

constexpr int kReplicas = 3;
constexpr size_t kLimit = 1200;  // In five minutes.
constexpr absl::Duration kWindow = absl::Minutes(5);
constexpr absl::Duration kStep = absl::Milliseconds(100);

class Fleet {
 public:
  explicit Fleet(unsigned seed) : random_(seed) {
    for (int i = 0; i < kReplicas; ++i) Restart(i);
  }
  ~Fleet() {
    clock_.Advance(absl::Hours(1));  // Nobody waits any more.
    Run();
  }

  bool Chance(double probability) { return Uniform() < probability; }
  int Below(int bound) { return static_cast<int>(random_() % bound); }

  void Restart(int replica) {
    UpstreamBudgetOptions options;
    options.ledger.max_replicas = kReplicas;
    replicas_[replica] = std::make_shared<UpstreamBudget>(
        loop_.get_executor(), state_, clock_, [this] { return Uniform(); }, options);
  }

  // One ask, and where it has leave what the upstream makes of it.
  void Ask(int replica, double chance_of_429) {
    UpstreamAsk ask{.operation = Chance(0.1) ? Operation::kCreatePcap : Operation::kGetPcap,
                    .account_id = absl::StrCat("acc", Below(5)),
                    .budget = "default",
                    .deadline = clock_.Now() + absl::Seconds(Below(3))};
    ask.purpose = static_cast<Purpose>(Below(3));
    if (ask.operation == Operation::kCreatePcap) ask.purpose = Purpose::kWrite;
    const std::shared_ptr<UpstreamBudget> budget = replicas_[replica];
    Spawn(loop_.get_executor(), {}, budget->Enter(ask),
          [this, ask, budget, chance_of_429](absl::StatusOr<UpstreamLeave> leave) {
            if (leave.ok()) Answer(ask, *budget, *leave, chance_of_429);
          });
  }

  void Tick() {
    Run();
    clock_.Advance(kStep);
    Run();
    while (!sent_.empty() && sent_.front() <= clock_.Now() - kWindow) sent_.pop_front();
    most_ = std::max(most_, sent_.size());
  }

  LosableState& state() { return state_; }
  size_t most() const { return most_; }
  size_t total() const { return total_; }

 private:
  double Uniform() { return static_cast<double>(random_() % 1'000'000) / 1e6; }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Answer(const UpstreamAsk& ask, UpstreamBudget& budget, const UpstreamLeave& leave,
              double chance_of_429) {
    sent_.push_back(clock_.Now());
    ++total_;
    UpstreamVerdict verdict{.http_status = 200};
    if (Chance(chance_of_429)) {
      verdict.http_status = 429;
      if (Chance(0.5)) verdict.retry_after = absl::Seconds(1 + Below(60));
    } else if (Chance(0.05)) {
      verdict.http_status = Chance(0.5) ? 0 : 503;  // Repeated, as a new ask.
    } else if (Chance(0.1)) {
      verdict.windows = {{.name = "default",
                          .remaining = static_cast<double>(Below(1200)),
                          .reset = absl::Seconds(Below(30))}};
    }
    budget.Report(ask, leave, verdict);
  }

  std::mt19937 random_;
  boost::asio::io_context loop_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  LosableState state_{loop_.get_executor(), clock_};
  std::shared_ptr<UpstreamBudget> replicas_[kReplicas];
  std::deque<absl::Time> sent_;
  size_t most_ = 0;
  size_t total_ = 0;
};

// The state is lost every 100 s: emptied, or gone for a while, with or without what it knew.
void LoseState(Fleet& fleet, int tick, int& back_at) {
  constexpr int kTicksBetween = 1000;
  if (tick % kTicksBetween == 0) {
    if (fleet.Chance(0.3)) {
      fleet.state().Flush();
    } else {
      fleet.state().down = true;
      back_at = tick + 1 + fleet.Below(kTicksBetween - 100);
    }
    if (fleet.Chance(0.3)) fleet.Restart(fleet.Below(kReplicas));
  }
  if (tick == back_at) {
    fleet.state().down = false;
    if (fleet.Chance(0.3)) fleet.state().Flush();
  }
}

// `seconds` of load that comes and goes, more than the budget in the mean.
size_t MostInAnyWindow(Fleet& fleet, int seconds, double chance_of_429, bool lose_state) {
  int back_at = -1;
  bool busy[kReplicas] = {true, true, true};
  for (int tick = 1; tick <= seconds * 10; ++tick) {
    if (lose_state) LoseState(fleet, tick, back_at);
    for (int replica = 0; replica < kReplicas; ++replica) {
      if (fleet.Chance(0.003)) busy[replica] = !busy[replica];
      const int asks = busy[replica] ? 1 + fleet.Below(3) : 0;
      for (int i = 0; i < asks; ++i) fleet.Ask(replica, chance_of_429);
    }
    fleet.Tick();
  }
  return fleet.most();
}

constexpr unsigned kSeeds[] = {1, 2};

TEST(BudgetSimulation, FiveMinutesSeeTheBurstAndTheRateWhereNothingIsLost) {
  for (const unsigned seed : kSeeds) {
    Fleet fleet(seed);
    const size_t most = MostInAnyWindow(fleet, 1800, 0, /*lose_state=*/false);
    EXPECT_LE(most, 960U);
    EXPECT_GT(most, 850U) << "there was enough load to prove something";
  }
}

TEST(BudgetSimulation, FiveMinutesInWhichTheStateIsLostThriceStayUnderTheLimit) {
  size_t most = 0;
  for (const unsigned seed : kSeeds) {
    Fleet fleet(seed);
    most = std::max(most, MostInAnyWindow(fleet, 3600, 0, /*lose_state=*/true));
  }
  EXPECT_LE(most, kLimit);
  EXPECT_GT(most, 900U) << "there was enough load to prove something";
}

TEST(BudgetSimulation, AStateThatComesAndGoesAllTheTimeGivesNothingAway) {
  for (const unsigned seed : kSeeds) {
    Fleet fleet(seed);
    for (int tick = 1; tick <= 12'000; ++tick) {
      if (fleet.Chance(0.1)) fleet.state().down = !fleet.state().down;
      for (int replica = 0; replica < kReplicas; ++replica) fleet.Ask(replica, 0);
      fleet.Tick();
    }
    EXPECT_LE(fleet.most(), 1000U);
    EXPECT_GT(fleet.most(), 850U) << "there was enough load to prove something";
  }
}

TEST(BudgetSimulation, ThatAndA429NowAndThenStayUnderTheLimitAndGoOn) {
  for (const unsigned seed : kSeeds) {
    Fleet fleet(seed);
    EXPECT_LE(MostInAnyWindow(fleet, 3600, 0.002, /*lose_state=*/true), kLimit);
    EXPECT_GT(fleet.total(), 1000U);
  }
}

}  // namespace
}  // namespace pcaps
