#include "service/gateway/poll_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <utility>

#include "clients/base/proto_time.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

using testing::ElementsAre;

constexpr PollLimits kLimits = {absl::Seconds(2), absl::Seconds(15)};

class PollPlanTest : public testing::Test {
 protected:
  v1::Pcap Pcap(const std::string& id, bool done, absl::Duration age) {
    v1::Pcap pcap;
    pcap.set_account_id("acct");
    pcap.set_id(id);
    pcap.set_status(done ? v1::Pcap::STATUS_SUCCESS : v1::Pcap::STATUS_RUNNING);
    pcap.set_done(done);
    *pcap.mutable_submit_time() = ToTimestamp(clock_.Now() - age);
    *pcap.mutable_observed_time() = ToTimestamp(clock_.Now());
    return pcap;
  }
  PollPlan Plan(const std::set<std::string>& wanted) {
    return MakePollPlan(wanted, account_, cache_, kLimits, clock_.Now());
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::FromUnixSeconds(1'000'000)};
  MemoryState state_{loop_.get_executor(), clock_};
  PcapCache cache_{loop_.get_executor(), state_, clock_, {.alone = true}};
  WatchedAccount account_{"acct", loop_.get_executor()};
};

TEST_F(PollPlanTest, WhatIsDoneOrGoneIsNotPolled) {
  cache_.Observe(Seen(Pcap("done", true, absl::ZeroDuration())));
  cache_.Observe(Seen(Pcap("open", false, absl::ZeroDuration())));
  cache_.ObserveMissing({"acct", "gone"}, clock_.Now());
  const PollPlan plan = Plan({"done", "open", "gone"});
  EXPECT_THAT(plan.open, ElementsAre("open"));
  EXPECT_FALSE(plan.list);
  EXPECT_EQ(Plan({"done"}).due_in, absl::InfiniteDuration());
}

TEST_F(PollPlanTest, AnIntervalAfterTheOldestObservationItIsDue) {
  cache_.Observe(Seen(Pcap("old", false, absl::Seconds(100))));
  clock_.Advance(absl::Seconds(1));
  cache_.Observe(Seen(Pcap("young", false, absl::Seconds(50))));
  const PollPlan plan = Plan({"old", "young"});
  EXPECT_EQ(plan.interval, absl::Seconds(5)) << "the youngest's";
  EXPECT_EQ(plan.due_in, absl::Seconds(4));
  clock_.Advance(absl::Seconds(10));
  EXPECT_LT(Plan({"old", "young"}).due_in, absl::ZeroDuration());
}

TEST_F(PollPlanTest, WhatOthersWantAndNobodyHasToldOfIsLongDue) {
  const PollPlan plan = Plan({"theirs"});
  EXPECT_THAT(plan.open, ElementsAre("theirs"));
  EXPECT_EQ(plan.due_in, -absl::InfiniteDuration());
  EXPECT_EQ(plan.interval, kLimits.min_interval);
}

TEST_F(PollPlanTest, ANewcomersCaptureIsReadAtOnceAndNotPolledFor) {
  account_.Add(1, nullptr, "ours");
  EXPECT_EQ(Plan({"ours"}).due_in, absl::InfiniteDuration());
}

TEST_F(PollPlanTest, AWholeAccountIsDueWhenItsListIsOld) {
  EXPECT_EQ(Plan({kEveryCapture}).due_in, -absl::InfiniteDuration());
  cache_.ObserveList("acct", {Pcap("a", true, absl::Hours(1))}, clock_.Now());
  const PollPlan plan = Plan({kEveryCapture});
  EXPECT_TRUE(plan.list);
  EXPECT_TRUE(plan.open.empty());
  EXPECT_EQ(plan.due_in, kLimits.max_interval) << "nothing is open";
}

}  // namespace
}  // namespace pcaps
