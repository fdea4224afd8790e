// Against servers that no real Redis is, or not when a test wants it.
#include "clients/redis/redis_client.h"

#include <boost/asio/cancellation_signal.hpp>

#include "absl/strings/match.h"
#include "tests/unit/redis/fake_redis.h"
#include "tests/unit/redis/redis_client_fixture.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class RedisClientTrouble : public RedisClientFixture {
 protected:
  void TearDown() override {
    fake_.reset();
    RedisClientFixture::TearDown();
  }
  // Answers `command` so.
  void Fake(const std::string& command, FakeAnswer answer) {
    FakeScript([command, answer](int /*connection*/, const Words& words) {
      return words[0] == command ? std::optional(answer) : std::nullopt;
    });
  }
  void FakeScript(FakeRedis::Script script) { fake_.emplace(loop_, std::move(script)); }

  std::optional<FakeRedis> fake_;
};

TEST_F(RedisClientTrouble, AnswersThatAreNoneEndTheConnectionAndTheClientComesBack) {
  const std::vector<FakeAnswer> answers = {{"HTTP/1.1 400 Bad Request\r\n"},
                                           {"*2\r\n$1\r\na\r\n", true},
                                           {"$100\r\nhalf", true},
                                           {"", true},
                                           {"+one\r\n+one too many\r\n"}};
  for (const FakeAnswer& answer : answers) {
    Fake("GET", answer);
    Start(Options(fake_->address()));
    ASSERT_TRUE(RunUntilUp());
    const Answer got = Command({"GET", "k"});
    EXPECT_TRUE(got.ok() || absl::IsUnavailable(got.status())) << got.status();
    EXPECT_EQ(got.ok(), absl::StartsWith(answer.bytes, "+one")) << answer.bytes;
    ASSERT_TRUE(RunUntil([&] { return client_->counters().connections == 2; })) << answer.bytes;
    EXPECT_TRUE(Command({"SET", "k", "v"}).ok());
    TearDown();
  }
}

TEST_F(RedisClientTrouble, AReplyThatIsTooLongEndsTheConnection) {
  Fake("GET", {FakeRedis::Bulk(std::string(200'000, 'x'))});
  RedisClientOptions options = Options(fake_->address());
  options.max_reply_bytes = 4000;
  Start(options);
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(absl::IsUnavailable(Command({"GET", "k"}).status()));
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_THAT(states_[1], HasSubstr("longer than 4000 bytes"));
}

TEST_F(RedisClientTrouble, RepliesInPiecesAreWhole) {
  Fake("MGET", {"*3\r\n$2\r\nab\r\n$-1\r\n-ERR x\r\n"});
  Start(Options(fake_->address()));
  fake_->SetPiece(1);
  ASSERT_TRUE(RunUntilUp());
  const Answer answer = Command({"MGET", "a", "b", "c"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->elements.size(), 3);
  EXPECT_EQ(answer->elements[0].text, "ab");
  EXPECT_TRUE(answer->elements[1].is_nil());
  EXPECT_EQ(answer->elements[2].kind, RedisReply::Kind::kError);
}

TEST_F(RedisClientTrouble, ErrorsOfTheServerAreNotOfTheCommand) {
  for (const char* error : {"-LOADING x\r\n", "-READONLY x\r\n", "-BUSY x\r\n",
                            "-ERR Error running script (call to f): -READONLY x\r\n"}) {
    Fake("GET", {error});
    Start(Options(fake_->address()));
    ASSERT_TRUE(RunUntilUp());
    EXPECT_TRUE(absl::IsUnavailable(Command({"GET", "k"}).status())) << error;
    EXPECT_TRUE(RunUntil([&] { return client_->counters().connections == 2; })) << error;
    TearDown();
  }
}

TEST_F(RedisClientTrouble, IsNotUpWhileRedisLoadsItsData) {
  bool loading = true;
  FakeScript([&](int /*connection*/, const Words& words) -> std::optional<FakeAnswer> {
    if (!loading || words[0] == "INFO") return std::nullopt;
    return FakeAnswer{"-LOADING Redis is loading the dataset in memory\r\n"};
  });
  Start(Options(fake_->address()));
  ASSERT_TRUE(RunForAttempts(3));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("LOADING")));
  loading = false;
  EXPECT_TRUE(RunUntilUp());
}

TEST_F(RedisClientTrouble, IsNotUpWhilePingsAreSlow) {
  FakeScript([&](int /*connection*/, const Words& /*words*/) { return std::nullopt; });
  RedisClientOptions options = Options(fake_->address());
  options.max_ping = absl::ZeroDuration();
  Start(options);
  ASSERT_TRUE(RunForAttempts(3));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("slow")));
}

TEST_F(RedisClientTrouble, AServerThatNeverAnswersIsGivenUpAfterATime) {
  FakeScript([&](int /*connection*/, const Words& /*words*/) { return FakeAnswer{}; });
  RedisClientOptions options = Options(fake_->address());
  options.connect_timeout = absl::Milliseconds(50);
  Start(options);
  ASSERT_TRUE(RunForAttempts(3));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("no answer")));
}

TEST_F(RedisClientTrouble, OneTimeoutFailsAllThatWait) {
  Fake("GET", {});
  Start(Options(fake_->address()));
  ASSERT_TRUE(RunUntilUp());
  std::vector<Answer> answers;
  for (int i = 0; i < 10; ++i) {
    Spawn(loop_.get_executor(), {}, client_->Command({"GET", "k"}),
          [&](Answer answer) { answers.push_back(std::move(answer)); });
  }
  ASSERT_TRUE(RunUntil([&] { return answers.size() == 10; }));
  for (const Answer& answer : answers) EXPECT_TRUE(absl::IsUnavailable(answer.status()));
  EXPECT_EQ(client_->counters().timed_out, 1);
}

TEST_F(RedisClientTrouble, TheReplyForACallerWhoLeftGoesToNobodyElse) {
  FakeScript([&](int /*connection*/, const Words& words) -> std::optional<FakeAnswer> {
    if (words[0] == "LATE") return FakeAnswer{};
    if (words[0] == "GET") return FakeAnswer{"+late\r\n+mine\r\n"};
    return std::nullopt;
  });
  Start(Options(fake_->address()));
  ASSERT_TRUE(RunUntilUp());
  boost::asio::cancellation_signal leave;
  std::optional<Answer> left;
  Spawn(loop_.get_executor(), leave.slot(), client_->Command({"LATE"}),
        [&](Answer answer) { left = std::move(answer); });
  ASSERT_TRUE(RunUntil([&] { return client_->counters().sent == 1; }));
  leave.emit(boost::asio::cancellation_type::terminal);
  ASSERT_TRUE(RunUntil([&] { return left.has_value(); }));
  EXPECT_TRUE(absl::IsCancelled(left->status())) << left->status();
  const Answer mine = Command({"GET", "k"});
  ASSERT_TRUE(mine.ok()) << mine.status();
  EXPECT_EQ(mine->text, "mine");
}

TEST_F(RedisClientTrouble, StopFailsAllThatWait) {
  Fake("GET", {});
  Start(Options(fake_->address()));
  ASSERT_TRUE(RunUntilUp());
  std::optional<Answer> answer;
  Spawn(loop_.get_executor(), {}, client_->Command({"GET", "k"}),
        [&](Answer got) { answer = std::move(got); });
  ASSERT_TRUE(RunUntil([&] { return client_->counters().sent == 1; }));
  client_->Stop();
  EXPECT_FALSE(client_->up());
  ASSERT_TRUE(RunUntil([&] { return answer.has_value(); }));
  EXPECT_TRUE(absl::IsUnavailable(answer->status()));
  EXPECT_EQ(client_->counters().timed_out, 0);
  EXPECT_TRUE(absl::IsUnavailable(Command({"GET", "k"}).status()));
  EXPECT_THAT(states_, ElementsAre("up"));
}

TEST_F(RedisClientTrouble, StopEndsAnAttemptToConnect) {
  FakeScript([&](int /*connection*/, const Words& /*words*/) { return FakeAnswer{}; });
  RedisClientOptions options = Options(fake_->address());
  options.connect_timeout = absl::Hours(1);
  Start(options);
  ASSERT_TRUE(RunUntil([&] { return fake_->connections() == 1; }));
}

TEST_F(RedisClientTrouble, LearnsByHowMuchTheClocksDiffer) {
  Fake("TIME", {"*2\r\n$10\r\n1700000000\r\n$6\r\n500000\r\n"});
  Start(Options(fake_->address()));
  ASSERT_TRUE(RunUntilUp());
  const absl::Time theirs = clock_.Now() + client_->clock_offset();
  const absl::Time wanted = absl::FromUnixSeconds(1'700'000'000) + absl::Milliseconds(500);
  EXPECT_LT(absl::AbsDuration(theirs - wanted), absl::Seconds(5));
}

TEST_F(RedisClientTrouble, ValkeyNamesItsModeInItsOwnWay) {
  Fake("INFO", {FakeRedis::Bulk("server_mode:cluster\r\nrole:master\r\n")});
  Start(Options(fake_->address()));
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("cluster mode")));
}

TEST_F(RedisClientTrouble, NoPasswordIsToldOfAServerThatRepeatsIt) {
  FakeRedis fake(loop_, [](int, const std::vector<std::string>& words) {
    if (words[0] != "AUTH") return std::optional<FakeAnswer>();
    return std::optional(
        FakeAnswer{"-ERR unknown command 'AUTH', with args beginning with: 'secret'\r\n"});
  });
  RedisClientOptions options = Options(fake.address());
  options.password = [] { return absl::StatusOr<std::string>("secret"); };
  Start(options);
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states_[0], testing::Not(testing::HasSubstr("secret")));
  EXPECT_THAT(states_[0], testing::HasSubstr("AUTH"));
}

}  // namespace
}  // namespace pcaps
