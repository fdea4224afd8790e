#include "service/admin/loop_health.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

class LoopHealthTest : public testing::Test {
 protected:
  void Pass(absl::Duration time) {
    for (absl::Duration passed; passed < time; passed += LoopHealth::kInterval) {
      health_.AskAll();
      clock_.Advance(LoopHealth::kInterval);
    }
  }
  static void Answer(boost::asio::io_context& loop) {
    loop.restart();
    loop.poll();
  }

  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  boost::asio::io_context quick_;
  boost::asio::io_context slow_;
  LoopHealth health_{{{"quick", quick_.get_executor()}, {"slow", slow_.get_executor()}}, clock_};
};

TEST_F(LoopHealthTest, ALoopThatAnswersIsWell) {
  EXPECT_TRUE(health_.HangingLoops().empty()) << "before anybody was asked";
  for (int second = 0; second < 60; ++second) {
    Pass(absl::Seconds(1));
    Answer(quick_);
    Answer(slow_);
  }
  EXPECT_TRUE(health_.HangingLoops().empty());
}

TEST_F(LoopHealthTest, ALoopThatHasNotAnsweredForTenSecondsIsNamed) {
  Pass(absl::Seconds(9));
  EXPECT_TRUE(health_.HangingLoops().empty());
  Answer(quick_);
  Pass(absl::Seconds(3));
  const std::vector<LoopHealth::Hanging> hanging = health_.HangingLoops();
  ASSERT_EQ(hanging.size(), 1U);
  EXPECT_EQ(hanging[0].name, "slow");
  EXPECT_EQ(hanging[0].silent_for, absl::Seconds(11));
}

TEST_F(LoopHealthTest, ALoopThatAnswersAtLastIsWellAgain) {
  Pass(absl::Seconds(60));
  EXPECT_EQ(health_.HangingLoops().size(), 2U);
  Answer(quick_);
  Answer(slow_);
  EXPECT_TRUE(health_.HangingLoops().empty());
}

TEST_F(LoopHealthTest, AHangingLoopIsAskedOnceAndNotBuriedInQuestions) {
  Pass(absl::Seconds(60));
  EXPECT_EQ(slow_.poll(), 1U);
}

TEST_F(LoopHealthTest, AProcessThatWasStoppedIsNotTakenForOneThatHangs) {
  health_.AskAll();
  clock_.Advance(absl::Seconds(30));
  EXPECT_TRUE(health_.HangingLoops().empty()) << "nobody has had the time to answer";
  health_.AskAll();
  EXPECT_TRUE(health_.HangingLoops().empty());
  Pass(absl::Seconds(12));
  EXPECT_EQ(health_.HangingLoops().size(), 2U) << "now they have";
}

}  // namespace
}  // namespace pcaps
