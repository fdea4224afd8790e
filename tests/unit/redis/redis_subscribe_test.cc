// Subscriptions of a RedisClient: what is heard, and when something may have been missed.
#include <signal.h>

#include "tests/unit/redis/fake_redis.h"
#include "tests/unit/redis/redis_client_fixture.h"
#include "tests/unit/support/redis_process.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class RedisSubscribe : public RedisClientFixture {
 protected:
  void Subscribe(const std::string& channel) {
    client_->Subscribe(
        channel, [this](std::string message) { messages_.push_back(std::move(message)); },
        [this] { ++gaps_; });
  }
  bool RunUntilGaps(int gaps) {
    return RunUntil([this, gaps] { return gaps_ >= gaps; });
  }
  bool RunUntilMessages(size_t count) {
    return RunUntil([this, count] { return messages_.size() >= count; });
  }

  std::vector<std::string> messages_;
  int gaps_ = 0;
};

TEST_F(RedisSubscribe, EveryMessageIsHeardInOrder) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  Subscribe("news");
  ASSERT_TRUE(RunUntilGaps(1));
  const std::string bytes("a\0\r\n", 4);
  for (const std::string& message : {std::string("1"), bytes, std::string()}) {
    const Answer heard = Command({"PUBLISH", "news", message});
    ASSERT_TRUE(heard.ok()) << heard.status();
    EXPECT_EQ(heard->integer, 1);
  }
  ASSERT_TRUE(Command({"PUBLISH", "other", "not mine"}).ok());
  ASSERT_TRUE(Command({"PUBLISH", "news", "last"}).ok());
  ASSERT_TRUE(RunUntilMessages(4));
  EXPECT_THAT(messages_, ElementsAre("1", bytes, "", "last"));
  EXPECT_EQ(gaps_, 1);
}

TEST_F(RedisSubscribe, ARestartIsAGapAndThenItHearsAgain) {
  RedisProcess redis;
  Start(Options(redis.address()));
  Subscribe("news");
  ASSERT_TRUE(RunUntilGaps(1));
  redis.Kill();
  ASSERT_TRUE(RunUntilTold(2));
  redis.Restart();
  ASSERT_TRUE(RunUntilGaps(2));
  ASSERT_TRUE(Command({"PUBLISH", "news", "m"}).ok());
  EXPECT_TRUE(RunUntilMessages(1));
}

TEST_F(RedisSubscribe, AConnectionThatRedisEndsIsAGap) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  Subscribe("news");
  ASSERT_TRUE(RunUntilGaps(1));
  ASSERT_TRUE(Command({"CLIENT", "KILL", "TYPE", "pubsub"}).ok());
  EXPECT_TRUE(RunUntilGaps(2));
  EXPECT_THAT(states_, ElementsAre("up"));  // Commands were not disturbed.
}

TEST_F(RedisSubscribe, AStoppedRedisIsAGap) {
  const RedisProcess redis;
  RedisClientOptions options = Options(redis.address());
  options.keepalive = absl::Milliseconds(50);
  Start(options);
  Subscribe("news");
  ASSERT_TRUE(RunUntilGaps(1));
  redis.Signal(SIGSTOP);
  ASSERT_TRUE(RunUntilTold(2));
  redis.Signal(SIGCONT);
  EXPECT_TRUE(RunUntilGaps(2));
}

TEST_F(RedisSubscribe, ASilentConnectionIsFoundOut) {
  // The second one, which is the subscription's, answers no PING.
  FakeRedis fake(loop_, [](int connection, const Words& words) -> std::optional<FakeAnswer> {
    if (words[0] == "SUBSCRIBE") return FakeAnswer{"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"};
    return connection == 2 ? std::optional(FakeAnswer{}) : std::nullopt;
  });
  RedisClientOptions options = Options(fake.address());
  options.keepalive = absl::Milliseconds(50);
  options.connect_timeout = absl::Milliseconds(200);
  Start(options);
  Subscribe("c");
  EXPECT_TRUE(RunUntilGaps(2));
  EXPECT_EQ(fake.connections(), 3);
}

TEST_F(RedisSubscribe, ARefusalIsSaidOnce) {
  const RedisProcess redis({"--user", "default", "on", "nopass", "~*", "&mine", "+@all"});
  Start(Options(redis.address()));
  Subscribe("theirs");
  Subscribe("mine");
  ASSERT_TRUE(RunUntilGaps(1));
  ASSERT_TRUE(RunUntil([this] { return !refusals_.empty(); }));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Command({"CLIENT", "KILL", "TYPE", "pubsub"}).ok());
    ASSERT_TRUE(RunUntilGaps(2 + i));
  }
  EXPECT_THAT(refusals_, ElementsAre(HasSubstr("NOPERM")));
}

TEST_F(RedisSubscribe, BeginsWhenRedisComes) {
  RedisProcess redis;
  redis.Kill();
  Start(Options(redis.address()));
  Subscribe("news");
  ASSERT_TRUE(RunForAttempts(2));
  EXPECT_EQ(gaps_, 0);
  redis.Restart();
  EXPECT_TRUE(RunUntilGaps(1));
}

}  // namespace
}  // namespace pcaps
