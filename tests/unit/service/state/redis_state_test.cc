// What RedisState does beyond the contract: its keys, what is not its own, its clock, several
// replicas at once.
#include "service/state/redis_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/state/ordered_value.h"
#include "tests/unit/service/state/state_under_test.h"

namespace pcaps {
namespace {

using testing::UnorderedElementsAre;

constexpr absl::Duration kLong = absl::Seconds(60);

class RedisStateTest : public testing::Test {
 protected:
  RedisState& state() { return tested_.state(); }
  void Command(std::vector<std::string> args) {
    ASSERT_TRUE(tested_.Command(std::move(args)).ok());
  }

  RedisStateUnderTest tested_;
};

TEST_F(RedisStateTest, AllKeysBeginWithThePrefixAndExpire) {
  (void)tested_.Run(state().PutIfNewer("v1:pcap:a:1", {{0, kStart}, "v"}, kLong));
  (void)tested_.Run(state().CompareAndSet("create:a:1", std::nullopt, "r", kLong));
  (void)tested_.Run(state().Take({{{{"budget:a", 3, 60, 10}}}, 1}));
  (void)tested_.Run(state().Close("creates:a", kStart));
  (void)tested_.Run(state().TakePollTurn("a", "me", {"1"}, kLong));
  Command({"DEL", "test:s", "test:us"});
  std::vector<std::string> keys;
  const RedisReply all = tested_.Command({"KEYS", "*"}).value();
  for (const RedisReply& key : all.elements) {
    keys.push_back(key.text);
    EXPECT_GT(tested_.Command({"PTTL", key.text})->integer, 0) << key.text;
  }
  EXPECT_THAT(keys, UnorderedElementsAre("test:v1:pcap:a:1", "test:create:a:1", "test:budget:a",
                                         "test:creates:a", "test:poll:a", "test:want:a"));
}

TEST_F(RedisStateTest, ValuesThatAreNotOursAreMissesAreCountedAndAreWrittenOver) {
  const std::vector<std::string> foreign = {"x",
                                            "",
                                            std::string(100, 'x'),
                                            "00000000000000000",
                                            "0000000000000000 0",
                                            "9 ",
                                            "9-000000000000001 value"};
  uint64_t corrupt = 0;
  for (const std::string& value : foreign) {
    Command({"SET", "test:k", value});
    EXPECT_FALSE(tested_.Run(state().GetMany({"k"}))->front().has_value()) << value;
    EXPECT_EQ(state().corrupt_values(), ++corrupt) << value;
    EXPECT_TRUE(tested_.Run(state().PutIfNewer("k", {{0, kStart}, "ours"}, kLong)).value());
    EXPECT_EQ(state().corrupt_values(), value.empty() ? corrupt : ++corrupt) << value;
    EXPECT_EQ(tested_.Run(state().GetMany({"k"}))->front()->value, "ours");
  }
}

TEST_F(RedisStateTest, KeysOfAnotherTypeAreMissesAndAreWrittenOver) {
  for (const char* key : {"test:v", "test:r", "test:b", "test:poll:a", "test:want:a"}) {
    Command({"RPUSH", key, "a list"});
  }
  EXPECT_FALSE(tested_.Run(state().GetMany({"v"}))->front().has_value());
  EXPECT_TRUE(tested_.Run(state().PutIfNewer("v", {{0, kStart}, "ours"}, kLong)).value());
  EXPECT_EQ(tested_.Run(state().GetMany({"v"}))->front()->value, "ours");
  EXPECT_EQ(state().corrupt_values(), 1);
  EXPECT_FALSE(tested_.Run(state().Get("r"))->has_value());
  EXPECT_TRUE(tested_.Run(state().CompareAndSet("r", std::nullopt, "ours", kLong))->swapped);
  EXPECT_EQ(tested_.Run(state().Get("r")).value(), "ours");
  EXPECT_EQ(state().corrupt_values(), 3);
  EXPECT_NEAR(tested_.Run(state().Take({{{{"b", 3, 60, 10}}}, 60}))->granted, 10, 1e-5);
  EXPECT_EQ(state().corrupt_values(), 4);
  EXPECT_TRUE(tested_.Run(state().TakePollTurn("a", "me", {"1"}, kLong))->mine);
  EXPECT_EQ(state().corrupt_values(), 6);
  Command({"DEL", "test:poll:a"});
  Command({"RPUSH", "test:poll:a", "a list"});
  EXPECT_TRUE(tested_.Run(state().GivePollTurn("a", "me")).ok());
}

TEST_F(RedisStateTest, ABucketThatIsNotOursBeginsAnew) {
  for (const char* value : {"x", "", "12 0 0", "nan", "-1", "1e99"}) {
    Command({"SET", "test:b", value});
    EXPECT_NEAR(tested_.Run(state().Take({{{{"b", 3, 60, 10}}}, 60}))->granted, 10, 1e-5) << value;
  }
  EXPECT_EQ(state().corrupt_values(), 6);
  Command({"SET", "test:b", std::string(400, '9')});  // It is emptier than empty.
  EXPECT_EQ(tested_.Run(state().Take({{{{"b", 3, 60, 10}}}, 60}))->granted, 0);
}

TEST_F(RedisStateTest, EachCallIsOneRoundTrip) {
  const TakeRequest request{{{{"a", 3, 60, 10}}, {{"b", 3, 60, 10}}}, 1, "me"};
  (void)tested_.Run(state().Take(request));  // Redis learns the script.
  const uint64_t before = tested_.client().counters().sent;
  (void)tested_.Run(state().Take(request));
  EXPECT_EQ(tested_.client().counters().sent, before + 1);
}

TEST(OrderedValue, OrdersAsBytesAreOrdersInTime) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; ++i) {
    const auto any = [&random] {
      return OrderedValue{
          {static_cast<int>(random() % 10),
           absl::FromUnixMicros(static_cast<int64_t>(random() >> (random() % 40 + 12)))},
          "v"};
    };
    const OrderedValue a = any();
    const OrderedValue b = any();
    ASSERT_EQ(WriteOrderedValue(a) < WriteOrderedValue(b), a.order < b.order);
    ASSERT_EQ(ReadOrderedValue(WriteOrderedValue(a))->order, a.order);
  }
}

// A clock that is wrong by `skew`.
class SkewedClock : public SystemClock {
 public:
  explicit SkewedClock(absl::Duration skew) : skew_(skew) {}
  absl::Time Now() const override { return absl::Now() + skew_; }
  Task<void> WaitUntil(Event& event, absl::Time until) override {
    co_await SystemClock::WaitUntil(event, until);
  }

 private:
  const absl::Duration skew_;
};

// One Redis, and replicas whose clocks differ by minutes.
class FleetTest : public testing::Test {
 protected:
  static constexpr int kReplicas = 3;
  struct Replica {
    Replica(const Loop& loop, const RedisAddress& address, absl::Duration skew)
        : clock(skew), client(loop, clock, PatientOptions(address)), state(client, "f", clock) {}
    SkewedClock clock;
    RedisClient client;
    RedisState state;
  };

  FleetTest() {
    for (int i = 0; i < kReplicas; ++i) {
      replicas_.push_back(std::make_unique<Replica>(loop_.get_executor(), redis_.address(),
                                                    absl::Minutes(7) * (i - 1)));
    }
    for (const auto& replica : replicas_) {
      while (!replica->client.up()) loop_.run_one();
    }
  }
  ~FleetTest() override {
    boost::asio::post(loop_, [this] {
      for (const auto& replica : replicas_) replica->client.Stop();
    });
    loop_.restart();
    loop_.run();
  }
  SharedState& state(size_t i) { return replicas_[i % kReplicas]->state; }

  RedisProcess redis_;
  boost::asio::io_context loop_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

TEST_F(FleetTest, TellsOneTimeWhateverTheirOwnClocksSay) {
  for (size_t i = 0; i < kReplicas; ++i) {
    EXPECT_LT(absl::AbsDuration(state(i).Now() - absl::Now()), absl::Milliseconds(100)) << i;
    for (int takes = 0; takes < 20; ++takes) {
      const TakeResult result = RunTask(loop_, state(i).Take({{{{"b", 50, 100, 100}}}, 1})).value();
      EXPECT_LE(absl::AbsDuration(result.now - absl::Now()), absl::Milliseconds(100));
    }
    EXPECT_LT(absl::AbsDuration(state(i).Now() - absl::Now()), absl::Milliseconds(5)) << i;
  }
}

TEST_F(FleetTest, TheTimeGoesOnWhenRedisIsGone) {
  (void)RunTask(loop_, state(2).Take({{{{"b", 50, 100, 100}}}, 1}));
  redis_.Kill();
  EXPECT_FALSE(RunTask(loop_, state(2).Take({{{{"b", 50, 100, 100}}}, 1})).ok());
  EXPECT_LT(absl::AbsDuration(state(2).Now() - absl::Now()), absl::Milliseconds(100));
}

// Observations of a few captures, put by replicas in any order, many at once: what is read never
// goes back.
TEST_F(FleetTest, StatusNeverGoesBack) {
#ifdef __SANITIZE_THREAD__
  constexpr int kSteps = 10'000;  // Each takes some ten times as long.
#else
  constexpr int kSteps = 100'000;
#endif
  constexpr absl::Duration kTtl = absl::Hours(1);  // Nothing is forgotten before the end.
  constexpr int kAtOnce = 64;
  constexpr int kCaptures = 8;
  std::mt19937 random(11);
  std::vector<Order> newest(kCaptures);  // That was read.
  std::vector<Order> put(kCaptures);     // The highest that a finished put was told it put.
  int open = 0;
  int reads = 0;
  int puts = 0;
  for (int step = 0; step < kSteps; ++step) {
    const size_t capture = random() % kCaptures;
    const std::string key = absl::StrCat("v1:pcap:a:", capture);
    SharedState& replica = state(random());
    ++open;
    if (random() % 3 == 0) {
      // Answers come in the order of the questions of one replica, not of several.
      const Order least = std::max(newest[capture], put[capture]);
      Spawn(loop_.get_executor(), {}, replica.GetMany({key}), [&, capture, least](auto values) {
        --open;
        ++reads;
        ASSERT_TRUE(values.ok());
        if (!values->front().has_value()) {
          ASSERT_EQ(least, Order());
          return;
        }
        const OrderedValue& value = *values->front();
        ASSERT_GE(value.order, least);
        ASSERT_EQ(value.value,
                  absl::StrCat(value.order.rank, absl::ToUnixMicros(value.order.time)));
        newest[capture] = std::max(newest[capture], value.order);
      });
    } else {
      const bool done = step > kSteps / 2 && random() % 1000 == 0;
      const Order order{done ? 1 : 0, state(random()).Now() - absl::Microseconds(random() % 5'000)};
      const Order kept{order.rank, absl::FromUnixMicros(absl::ToUnixMicros(order.time))};
      OrderedValue value{kept, absl::StrCat(kept.rank, absl::ToUnixMicros(kept.time))};
      Spawn(loop_.get_executor(), {}, replica.PutIfNewer(key, std::move(value), kTtl),
            [&, capture, kept](absl::StatusOr<bool> was_put) {
              --open;
              ASSERT_TRUE(was_put.ok());
              puts += *was_put ? 1 : 0;
              // Put or not, what is there now is not lower.
              put[capture] = std::max(put[capture], kept);
            });
    }
    loop_.restart();
    while (open >= kAtOnce && !HasFailure()) loop_.run_one();
    if (HasFailure()) break;
  }
  while (open > 0) loop_.run_one();
  EXPECT_GT(reads, kSteps / 10);
  EXPECT_GT(puts, kSteps / 100);
}

TEST_F(FleetTest, OfManyWhoCompareAndSetAtOnceOneWins) {
  for (int round = 0; round < 200; ++round) {
    const std::string key = absl::StrCat("create:", round);
    int open = 0;
    int won = 0;
    for (size_t i = 0; i < 9; ++i) {
      ++open;
      Spawn(loop_.get_executor(), {},
            state(i).CompareAndSet(key, std::nullopt, absl::StrCat(i), kLong),
            [&](absl::StatusOr<CasResult> result) {
              --open;
              won += result.ok() && result->swapped ? 1 : 0;
            });
    }
    loop_.restart();
    while (open > 0) loop_.run_one();
    ASSERT_EQ(won, 1) << round;
  }
}

TEST_F(FleetTest, TakesOfAllNeverExceedBurstAndRate) {
  const Bucket bucket{"rate:a", 200, 50, 50};
  std::mt19937 random(5);
  double granted = 0;
  const absl::Time begin = absl::Now();
  int open = 0;
  loop_.restart();
  while (absl::Now() < begin + absl::Seconds(1)) {
    for (size_t i = 0; i < kReplicas; ++i) {
      ++open;
      const auto want = static_cast<double>(1 + random() % 20);
      TakeRequest request{{{bucket}}, want};
      Spawn(loop_.get_executor(), {}, state(i).Take(std::move(request)),
            [&](absl::StatusOr<TakeResult> result) {
              --open;
              ASSERT_TRUE(result.ok());
              granted += result->granted;
            });
    }
    while (open > 0) loop_.run_one();
    ASSERT_LE(granted, 50.01 + 200 * absl::ToDoubleSeconds(absl::Now() - begin));
  }
  EXPECT_GE(granted, 0.95 * (50 + 200));
}

}  // namespace
}  // namespace pcaps
