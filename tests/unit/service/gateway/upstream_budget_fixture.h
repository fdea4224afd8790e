// UpstreamBudgetTest: asks for leave to call the upstream, on a clock and a shared state of the
// test's own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/base/error.h"
#include "service/gateway/upstream_budget.h"
#include "tests/unit/support/losable_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {

using Leave = absl::StatusOr<UpstreamLeave>;

// A call that asked, and what it got when it got it.
struct Pending {
  std::optional<Leave> got;
  boost::asio::cancellation_signal cancel;

  bool granted() const { return got.has_value() && got->ok(); }
  v1::ErrorReason reason() const { return ReasonOf(got.value().status()); }
  absl::Duration retry_after() const { return RetryAfterOf(got.value().status()).value(); }
};

class UpstreamBudgetTest : public testing::Test {
 protected:
  UpstreamBudgetTest() { Make(); }
  ~UpstreamBudgetTest() override { Step(absl::Hours(1)); }

  void Make() { budget_ = MakeReplica(); }
  std::shared_ptr<UpstreamBudget> MakeReplica() {
    return std::make_shared<UpstreamBudget>(
        loop_.get_executor(), state_, clock_, [] { return 0.0; }, options_);
  }

  void Poll() {
    loop_.restart();
    loop_.poll();
  }
  // Moves time in small steps, so that whoever waits sees it pass.
  void Step(absl::Duration duration, absl::Duration step = absl::Milliseconds(100)) {
    const absl::Time end = clock_.Now() + duration;
    Poll();
    while (clock_.Now() < end) {
      const absl::Time next = std::min(std::max(clock_.NextWake(), clock_.Now() + step), end);
      clock_.Advance(next - clock_.Now());
      Poll();
    }
  }

  static UpstreamAsk Of(Purpose purpose, const std::string& account = "acc",
                        Operation operation = Operation::kGetPcap) {
    return {.operation = operation,
            .purpose = purpose,
            .account_id = account,
            .budget = "default",
            .deadline = absl::InfiniteFuture()};
  }
  static UpstreamAsk Create(const std::string& account) {
    return Of(Purpose::kWrite, account, Operation::kCreatePcap);
  }

  std::shared_ptr<Pending> Start(UpstreamAsk ask, UpstreamBudget* replica = nullptr) {
    auto pending = std::make_shared<Pending>();
    UpstreamBudget& gate = replica == nullptr ? *budget_ : *replica;
    Spawn(loop_.get_executor(), pending->cancel.slot(), gate.Enter(std::move(ask)),
          [pending](Leave leave) { pending->got = std::move(leave); });
    Poll();
    return pending;
  }
  // How many of so many asks get leave at once.
  int Granted(int asks, const UpstreamAsk& ask, UpstreamBudget* replica = nullptr) {
    UpstreamAsk at_once = ask;
    at_once.deadline = clock_.Now();
    int granted = 0;
    for (int i = 0; i < asks; ++i) granted += Start(at_once, replica)->granted() ? 1 : 0;
    return granted;
  }

  void Tell(const UpstreamAsk& ask, const Pending& pending, UpstreamVerdict verdict,
            UpstreamBudget* replica = nullptr) {
    UpstreamBudget& gate = replica == nullptr ? *budget_ : *replica;
    gate.Report(ask, **pending.got, verdict);
    Poll();
  }
  // One request that is answered with a 429.
  void Limit(const UpstreamAsk& ask, absl::Duration retry_after,
             std::vector<RateLimitWindow> windows = {}) {
    const auto pending = Start(ask);
    ASSERT_TRUE(pending->granted());
    Tell(ask, *pending, {429, retry_after, std::move(windows)});
  }
  void Fill() { Step(absl::Minutes(1), absl::Minutes(1)); }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  LosableState state_{loop_.get_executor(), clock_};
  UpstreamBudgetOptions options_;
  std::shared_ptr<UpstreamBudget> budget_;
};

}  // namespace pcaps
