// RedisState while its Redis is in trouble: every call ends in time, and is good again soon after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/redis/redis_connection.h"
#include "service/state/redis_state.h"
#include "tests/unit/service/state/state_under_test.h"

namespace pcaps {
namespace {

constexpr absl::Duration kTimeout = absl::Milliseconds(100);
constexpr absl::Duration kLateness = absl::Milliseconds(400);  // Of a loaded machine.
constexpr absl::Duration kBackWithin = absl::Seconds(5);
constexpr absl::Duration kLong = absl::Seconds(60);

class RedisTroubleTest : public testing::Test {
 protected:
  RedisTroubleTest() { Start({}); }
  ~RedisTroubleTest() override { Stop(); }

  void Start(std::vector<std::string> flags) {
    redis_.emplace(std::move(flags));
    RedisClientOptions options;
    options.address = redis_->address();
    options.command_timeout = kTimeout;
    options.max_ping = kTimeout;
    client_.emplace(loop_.get_executor(), clock_, std::move(options));
    state_.emplace(*client_, "t", clock_);
    ASSERT_TRUE(RunUntil([this] { return state_->up(); }, kBackWithin));
  }
  void Stop() {
    boost::asio::post(loop_, [this] { client_->Stop(); });
    loop_.restart();
    loop_.run();
    state_.reset();
    client_.reset();
    redis_.reset();
  }

  bool RunUntil(const std::function<bool()>& condition, absl::Duration patience) {
    const absl::Time end = clock_.Now() + patience;
    loop_.restart();
    while (!condition() && clock_.Now() < end) loop_.run_one_for(std::chrono::milliseconds(5));
    return condition();
  }

  // Runs it; it must end within the command timeout.
  template <typename T>
  T InTime(Task<T> task) {
    const absl::Time begin = clock_.Now();
    T result = RunTask(loop_, std::move(task));
    EXPECT_LE(clock_.Now() - begin, kTimeout + kLateness);
    return result;
  }
  absl::Status Read() { return InTime(state_->GetMany({"v"})).status(); }
  absl::Status Write() {
    return InTime(state_->PutIfNewer("v", {{0, clock_.Now()}, "x"}, kLong)).status();
  }
  absl::Status Swap() {
    return InTime(state_->CompareAndSet("r", std::nullopt, "x", kLong)).status();
  }
  absl::Status Take() { return InTime(state_->Take({{{{"b", 50, 100, 100}}}, 1})).status(); }
  std::vector<absl::Status> All() {
    return {Read(),
            Write(),
            Swap(),
            Take(),
            InTime(state_->Get("r")).status(),
            InTime(state_->Close("c", clock_.Now())),
            InTime(state_->Hold("c", 1, clock_.Now())),
            InTime(state_->Reopen({"c", 1, 1, 1})),
            InTime(state_->TakePollTurn("a", "me", {"1"}, kLong)).status(),
            InTime(state_->GivePollTurn("a", "me")),
            InTime(state_->Publish("news"))};
  }
  void ExpectAllUnavailable() {
    for (const absl::Status& status : All()) EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_FALSE(state_->up());
  }
  void ExpectAllGoodSoon() {
    ASSERT_TRUE(RunUntil([this] { return state_->up(); }, kBackWithin));
    for (const absl::Status& status : All()) EXPECT_TRUE(status.ok()) << status;
  }
  // As somebody else than the state.
  void Tell(std::vector<std::string> args) {
    const auto connection = RunTask(
        loop_, RedisConnection::Open(loop_.get_executor(), clock_, {.address = redis_->address()}));
    ASSERT_TRUE(connection.ok()) << connection.status();
    const auto reply =
        RunTask(loop_, RedisConnection::Ask(*connection, std::move(args), absl::Seconds(10)));
    EXPECT_TRUE(reply.ok()) << reply.status();
    (*connection)->Close(absl::UnavailableError("done"));
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  std::optional<RedisProcess> redis_;
  std::optional<RedisClient> client_;
  std::optional<RedisState> state_;
};

TEST_F(RedisTroubleTest, Killed) {
  ExpectAllGoodSoon();
  redis_->Kill();
  ExpectAllUnavailable();
  redis_->Restart();
  ExpectAllGoodSoon();
}

TEST_F(RedisTroubleTest, Stopped) {
  redis_->Signal(SIGSTOP);
  ExpectAllUnavailable();
  redis_->Signal(SIGCONT);
  ExpectAllGoodSoon();
}

TEST_F(RedisTroubleTest, RestartedEmptyItKnowsNothingAndLearnsTheScriptsAgain) {
  ASSERT_TRUE(Write().ok());
  ASSERT_TRUE(Take().ok());
  redis_->Kill();
  redis_->Restart();
  EXPECT_TRUE(absl::IsUnavailable(Take())) << "the connection is gone";
  ASSERT_TRUE(RunUntil([this] { return !state_->up(); }, kTimeout));
  ExpectAllGoodSoon();
  EXPECT_NEAR(RunTask(loop_, state_->Take({{{{"new", 3, 60, 10}}}, 60}))->granted, 10, 1e-5);
}

TEST_F(RedisTroubleTest, FlushedWithItsScripts) {
  ExpectAllGoodSoon();
  Tell({"FLUSHALL"});
  Tell({"SCRIPT", "FLUSH"});
  for (const absl::Status& status : All()) EXPECT_TRUE(status.ok()) << status;
}

TEST_F(RedisTroubleTest, FullItReadsOnAndRefusesToWrite) {
  ASSERT_TRUE(Write().ok());
  Tell({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  Tell({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_TRUE(Read().ok());
  for (const absl::Status& status : {Write(), Swap(), Take()}) {
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  }
  EXPECT_TRUE(state_->up()) << "what it can do is done";
  EXPECT_TRUE(InTime(state_->Publish("news")).ok());
  Tell({"CONFIG", "SET", "maxmemory", "0"});
  ExpectAllGoodSoon();
}

TEST_F(RedisTroubleTest, ReadOnlyItIsDownUntilItIsAMasterAgain) {
  Tell({"REPLICAOF", "127.0.0.1", "1"});
  ASSERT_FALSE(Take().ok());
  ExpectAllUnavailable();
  Tell({"REPLICAOF", "NO", "ONE"});
  ExpectAllGoodSoon();
}

TEST_F(RedisTroubleTest, SlowItIsAskedOnceAndThenNotUntilItIsQuick) {
  ASSERT_TRUE(Write().ok());
  Tell({"CLIENT", "PAUSE", "1000", "ALL"});
  const absl::Time begin = clock_.Now();
  ExpectAllUnavailable();
  EXPECT_LT(clock_.Now() - begin, kTimeout + kLateness) << "all but the first failed unsent";
  ExpectAllGoodSoon();
}

TEST_F(RedisTroubleTest, LoadingItIsDownUntilItHasLoaded) {
  Stop();
  const std::string file = absl::StrCat("state-", getpid(), ".rdb");
  Start({"--dir", testing::TempDir(), "--dbfilename", file, "--key-load-delay", "200",
         "--loading-process-events-interval-bytes", "1024"});
  ASSERT_TRUE(Write().ok());
  Tell({"EVAL", "for i = 1, 5000 do redis.call('SET', 'k' .. i, i) end", "0"});
  Tell({"SAVE"});
  redis_->Kill();
  redis_->Restart();
  ExpectAllUnavailable();
  EXPECT_FALSE(RunUntil([this] { return state_->up(); }, absl::Milliseconds(500))) << "it loads";
  ExpectAllUnavailable();
  ASSERT_TRUE(RunUntil([this] { return state_->up(); }, absl::Seconds(20)));
  ExpectAllGoodSoon();
  EXPECT_TRUE(InTime(state_->GetMany({"v"}))->front().has_value());
  std::remove(absl::StrCat(testing::TempDir(), file).c_str());
}

TEST_F(RedisTroubleTest, ListenersHearOfTheGapAndThenOfNews) {
  std::vector<std::string> heard;
  int gaps = 0;
  state_->Subscribe([&](std::string message) { heard.push_back(std::move(message)); },
                    [&] { ++gaps; });
  ASSERT_TRUE(RunUntil([&] { return gaps == 1; }, kBackWithin));
  redis_->Kill();
  ExpectAllUnavailable();
  redis_->Restart();
  ASSERT_TRUE(RunUntil([&] { return gaps == 2; }, kBackWithin));
  EXPECT_TRUE(InTime(state_->Publish("after")).ok());
  ASSERT_TRUE(RunUntil([&] { return !heard.empty(); }, kBackWithin));
  EXPECT_THAT(heard, testing::ElementsAre("after"));
}

}  // namespace
}  // namespace pcaps
