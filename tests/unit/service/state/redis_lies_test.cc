// RedisState while its Redis speaks the protocol, but says what cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/state/redis_state.h"
#include "tests/unit/redis/fake_redis.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);  // Of a loaded machine.

class RedisLiesTest : public testing::Test {
 protected:
  RedisLiesTest()
      : redis_(loop_,
               [this](int, const std::vector<std::string>& words) {
                 return absl::StartsWith(words[0], "EVAL")
                            ? std::optional<FakeAnswer>({.bytes = reply_})
                            : std::nullopt;
               }),
        client_(loop_.get_executor(), clock_, Options()),
        state_(client_, "t", clock_) {
    const absl::Time end = clock_.Now() + kPatience;
    while (!state_.up() && clock_.Now() < end) loop_.run_one_for(std::chrono::milliseconds(5));
  }
  ~RedisLiesTest() override {
    client_.Stop();
    loop_.restart();
    loop_.poll();
  }

  RedisClientOptions Options() const {
    RedisClientOptions options;
    options.address = redis_.address();
    options.command_timeout = options.max_ping = kPatience;
    return options;
  }

  // Takes up to 4 tokens of a Redis that says it granted so many, and at which times.
  absl::StatusOr<TakeResult> Take(const std::string& granted, const std::string& now,
                                  const std::string& ready, const std::string& left = "2.5") {
    reply_ =
        absl::StrCat("*8\r\n", FakeRedis::Bulk(granted), FakeRedis::Bulk(now),
                     FakeRedis::Bulk(ready), ":0\r\n:0\r\n:0\r\n*0\r\n", FakeRedis::Bulk(left));
    return RunTask(loop_, state_.Take({{{{"b", 3, 60, 10}}}, 4}));
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  std::string reply_;
  FakeRedis redis_;
  RedisClient client_;
  RedisState state_;
};

TEST_F(RedisLiesTest, NoMoreIsGrantedThanWasWanted) {
  for (const char* const granted : {"0", "1", "1.5", "4"}) {
    const auto taken = Take(granted, "1700000000000000", "1700000000000000");
    EXPECT_TRUE(taken.ok()) << granted << ": " << taken.status();
  }
  for (const char* const granted : {"4.5", "1e9", "inf", "nan", "-1", "0.5", ""}) {
    EXPECT_FALSE(Take(granted, "1700000000000000", "1700000000000000").ok()) << granted;
  }
}

TEST_F(RedisLiesTest, WhatIsLeftIsANumber) {
  EXPECT_EQ(Take("1", "1700000000000000", "1700000000000000", "-0.25")->left, -0.25);
  for (const char* const left : {"inf", "nan", "", "many"}) {
    EXPECT_FALSE(Take("1", "1700000000000000", "1700000000000000", left).ok()) << left;
  }
}

TEST_F(RedisLiesTest, TimesFarApartAreNoOverflow) {
  const auto taken = Take("0", "-9223372036854775808", "9223372036854775807");
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_GT(taken->retry_after, absl::ZeroDuration());
}

TEST_F(RedisLiesTest, WhatIsNoIdIsNotPolled) {
  reply_ = absl::StrCat("*3\r\n:1\r\n:0\r\n*3\r\n", FakeRedis::Bulk("p1"), FakeRedis::Bulk("../x"),
                        ":7\r\n");
  const auto turn = RunTask(loop_, state_.TakePollTurn("a1", "me", {"p1"}, absl::Seconds(1)));
  ASSERT_TRUE(turn.ok()) << turn.status();
  EXPECT_THAT(turn->ids, testing::ElementsAre("p1"));
  EXPECT_EQ(state_.corrupt_values(), 2U);
}

}  // namespace
}  // namespace pcaps
