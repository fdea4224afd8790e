#include "service/admin/loop_reading.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

constexpr absl::Duration kReadPatience = absl::Milliseconds(500);

class LoopReadingTest : public testing::Test {
 protected:
  // Begins to read; the answer goes to `answered_`.
  void Read() {
    answered_.reset();
    here_.restart();
    Spawn(here_.get_executor(), boost::asio::cancellation_slot(), reading_.Read(kReadPatience),
          [this](int value) { answered_ = value; });
    here_.poll();
  }
  void RunHere() {
    here_.restart();
    here_.poll();
  }
  void Answer() {
    there_.restart();
    there_.poll();
    RunHere();
  }

  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  boost::asio::io_context here_;
  boost::asio::io_context there_;
  int value_ = 0;
  LoopReading<int> reading_{there_.get_executor(), [this] { return ++value_; }, clock_};
  std::optional<int> answered_;
};

TEST_F(LoopReadingTest, EachReadingAsksAnew) {
  Read();
  EXPECT_EQ(answered_, std::nullopt);
  Answer();
  EXPECT_EQ(answered_, 1);
  Read();
  Answer();
  EXPECT_EQ(answered_, 2);
}

TEST_F(LoopReadingTest, WhatALoopSaidLastStandsInWhileItHangs) {
  Read();
  Answer();
  Read();
  clock_.Advance(kReadPatience);
  RunHere();
  EXPECT_EQ(answered_, 1);
}

TEST_F(LoopReadingTest, BeforeTheFirstAnswerThereIsNothing) {
  Read();
  clock_.Advance(kReadPatience);
  RunHere();
  EXPECT_EQ(answered_, 0);
  Answer();  // Too late, and for nobody.
  EXPECT_EQ(answered_, 0);
}

}  // namespace
}  // namespace pcaps
