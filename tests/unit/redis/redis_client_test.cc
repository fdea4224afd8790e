// Against a real Redis, which is stopped, killed and started again.
#include "clients/redis/redis_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/support/redis_process.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Answer = absl::StatusOr<RedisReply>;

constexpr absl::Duration kPatience = absl::Seconds(20);

class RedisClientTest : public testing::Test {
 protected:
  ~RedisClientTest() override {
    if (!client_.has_value()) return;
    client_->Stop();
    loop_.restart();
    loop_.run();  // Ends: nothing of the client keeps it running.
  }

  RedisClientOptions Options(const RedisAddress& address) {
    RedisClientOptions options;
    options.address = address;
    options.command_timeout = absl::Milliseconds(500);  // Of a loaded machine.
    options.max_ping = absl::Milliseconds(500);
    options.on_state = [this](bool up, const absl::Status& why) {
      states_.push_back(up ? "up" : std::string(why.message()));
    };
    return options;
  }
  void Start(RedisClientOptions options) {
    client_.emplace(loop_.get_executor(), clock_, std::move(options));
  }
  // Runs the loop until then; false where it does not come.
  bool RunUntil(const std::function<bool()>& condition) {
    loop_.restart();
    const absl::Time end = clock_.Now() + kPatience;
    while (!condition() && clock_.Now() < end) {
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return condition();
  }
  bool RunUntilUp() {
    return RunUntil([this] { return client_->up(); });
  }
  Answer Command(std::vector<std::string> args) {
    return RunTask(loop_, client_->Command(std::move(args)));
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  std::vector<std::string> states_;
  std::optional<RedisClient> client_;
};

TEST_F(RedisClientTest, CommandsOfManyCallersKeepTheirOrder) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  constexpr int kCallers = 1000;
  std::vector<int64_t> counted;
  for (int i = 0; i < kCallers; ++i) {
    Spawn(loop_.get_executor(), {}, client_->Command({"INCR", "n"}),
          [&](Answer answer) { counted.push_back(answer.ok() ? answer->integer : -1); });
  }
  ASSERT_TRUE(RunUntil([&] { return counted.size() == kCallers; }));
  for (int i = 0; i < kCallers; ++i) EXPECT_EQ(counted[i], i + 1);
  EXPECT_THAT(states_, ElementsAre("up"));
}

TEST_F(RedisClientTest, ArgumentsAndRepliesHoldAnyBytes) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  const std::string bytes("a\0%b\r\n\xff", 7);
  ASSERT_TRUE(Command({"SET", bytes, bytes}).ok());
  const Answer answer = Command({"MGET", bytes, "none"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->elements.size(), 2);
  EXPECT_EQ(answer->elements[0].text, bytes);
  EXPECT_TRUE(answer->elements[1].is_nil());
}

TEST_F(RedisClientTest, AStoppedRedisIsDownWithTheFirstTimeoutAndUpWhenItGoesOn) {
  const RedisProcess redis;
  RedisClientOptions options = Options(redis.address());
  options.keepalive = absl::Hours(1);
  Start(options);
  ASSERT_TRUE(RunUntilUp());
  redis.Signal(SIGSTOP);
  EXPECT_TRUE(absl::IsUnavailable(Command({"GET", "k"}).status()));
  EXPECT_EQ(client_->counters().timed_out, 1);
  const absl::Time begin = clock_.Now();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(Command({"GET", "k"}).status()));
  }
  EXPECT_LT(clock_.Now() - begin, absl::Milliseconds(400));
  EXPECT_EQ(client_->counters().refused_down, 100);
  redis.Signal(SIGCONT);
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(Command({"GET", "k"}).ok());
  EXPECT_THAT(states_, ElementsAre("up", HasSubstr("no answer to GET"), "up"));
}

}  // namespace
}  // namespace pcaps
