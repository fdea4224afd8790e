#include "service/state/memory_state.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

class MemoryStateTest : public testing::Test {
 protected:
  bool Put(const std::string& key, absl::Duration ttl) {
    return RunTask(loop_, state_.PutIfNewer(key, {{0, kStart}, "value"}, ttl)).value();
  }
  absl::Status Add(const std::string& key, absl::Duration ttl) {
    return RunTask(loop_, state_.CompareAndSet(key, std::nullopt, "record", ttl)).status();
  }

  boost::asio::io_context loop_;
  ManualClock clock_{kStart};
  MemoryState state_{loop_.get_executor(), clock_, 1000};
};

TEST_F(MemoryStateTest, WhatIsForgottenTakesNoRoomForLong) {
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(Put(absl::StrCat("v", i), absl::Seconds(10)));
    clock_.Advance(absl::Milliseconds(100));  // 100 live at a time.
    ASSERT_LE(state_.size(), 300);
  }
}

TEST_F(MemoryStateTest, FullItForgetsSomeValueForANewOne) {
  for (int i = 0; i < 5'000; ++i) {
    EXPECT_TRUE(Put(absl::StrCat("v", i), absl::Hours(1)));
    ASSERT_LE(state_.size(), 1000);
  }
  EXPECT_TRUE(RunTask(loop_, state_.GetMany({"v4999"}))->front().has_value());
}

TEST_F(MemoryStateTest, FullItRefusesANewRecordAndLosesNone) {
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(Add(absl::StrCat("r", i), absl::Hours(1)).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Add("one more", absl::Hours(1))));
  EXPECT_TRUE(
      RunTask(loop_, state_.CompareAndSet("r0", "record", "changed", absl::Hours(1)))->swapped);
  clock_.Advance(absl::Hours(2));
  EXPECT_TRUE(Add("one more", absl::Hours(1)).ok());
}

TEST_F(MemoryStateTest, MessagesOnTheirWayOutliveIt) {
  int heard = 0;
  {
    MemoryState state(loop_.get_executor(), clock_);
    state.Subscribe([&](const std::string& /*message*/) { ++heard; }, [] {});
    ASSERT_TRUE(RunTask(loop_, state.Publish("news")).ok());
    RunTask(loop_, state.Publish("more")).IgnoreError();
  }
  loop_.restart();
  loop_.run();
  EXPECT_EQ(heard, 2);
}

}  // namespace
}  // namespace pcaps
