// Against a real Redis, which is stopped, killed and started again.
#include "clients/redis/redis_client.h"

#include <signal.h>

#include "absl/strings/str_cat.h"
#include "clients/redis/redis_connection.h"
#include "service/loop_thread.h"
#include "tests/integration/support/certificate.h"
#include "tests/unit/redis/redis_client_fixture.h"
#include "tests/unit/support/redis_process.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RedisClientTest : public RedisClientFixture {
 protected:
  // As somebody else than the client.
  Answer Tell(const RedisAddress& address, std::vector<std::string> args) {
    const auto connection =
        RunTask(loop_, RedisConnection::Open(loop_.get_executor(), clock_, {.address = address}));
    if (!connection.ok()) return connection.status();
    Answer answer =
        RunTask(loop_, RedisConnection::Ask(*connection, std::move(args), absl::Seconds(10)));
    (*connection)->Close(absl::UnavailableError("done"));
    return answer;
  }
};

TEST_F(RedisClientTest, EveryOneOfManyCallersGetsTheReplyToHisOwnCommand) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  constexpr int kCallers = 1000;
  std::vector<int64_t> counted(kCallers);
  int done = 0;
  for (int i = 0; i < kCallers; ++i) {
    Spawn(loop_.get_executor(), {}, client_->Command({"INCR", "n"}), [&, i](Answer answer) {
      counted[i] = answer.ok() ? answer->integer : -1;
      ++done;
    });
  }
  ASSERT_TRUE(RunUntil([&] { return done == kCallers; }));
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
  EXPECT_LT(clock_.Now() - begin, absl::Milliseconds(400));  // Less than one timeout.
  EXPECT_EQ(client_->counters().refused_down, 100);
  redis.Signal(SIGCONT);
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(Command({"GET", "k"}).ok());
  EXPECT_THAT(states_, ElementsAre("up", HasSubstr("no answer to GET"), "up"));
}

TEST_F(RedisClientTest, AStoppedRedisIsFoundDownThoughNobodyAsks) {
  const RedisProcess redis;
  RedisClientOptions options = Options(redis.address());
  options.keepalive = absl::Milliseconds(50);
  Start(options);
  ASSERT_TRUE(RunUntilUp());
  redis.Signal(SIGSTOP);
  EXPECT_TRUE(RunUntilTold(2));
  redis.Signal(SIGCONT);
  EXPECT_TRUE(RunUntilUp());
}

TEST_F(RedisClientTest, AKilledRedisIsJoinedAgainThoughItIsEmpty) {
  RedisProcess redis;
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  ASSERT_TRUE(Command({"SET", "k", "v"}).ok());
  redis.Kill();
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_FALSE(client_->up());
  ASSERT_TRUE(RunForAttempts(3));
  redis.Restart();
  ASSERT_TRUE(RunUntilUp());
  const Answer answer = Command({"GET", "k"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->is_nil());
  EXPECT_THAT(states_, ElementsAre("up", HasSubstr("the connection broke"), "up"));
}

TEST_F(RedisClientTest, UnreachableAtTheStartIsSaidOnceAndJoinedWhenItComes) {
  RedisProcess redis;
  redis.Kill();
  Start(Options(redis.address()));
  ASSERT_TRUE(RunForAttempts(4));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("Connection refused")));
  EXPECT_THAT(std::string(Command({"PING"}).status().message()), HasSubstr("Connection refused"));
  redis.Restart();
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(Command({"PING"}).ok());
}

TEST_F(RedisClientTest, ANameWithoutAddressIsSaid) {
  Start(Options({.host = "no-such-host.invalid"}));
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("no-such-host.invalid")));
}

TEST_F(RedisClientTest, AScriptRunsThoughRedisForgetsIt) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  const RedisScript script("return {KEYS[1], ARGV[1]}");
  for (int i = 0; i < 3; ++i) {
    const Answer answer = RunTask(loop_, client_->Run(script, {"key"}, {"arg"}));
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->elements.size(), 2);
    EXPECT_EQ(answer->elements[1].text, "arg");
    const Answer known = Command({"SCRIPT", "EXISTS", script.sha1()});
    ASSERT_TRUE(known.ok());
    EXPECT_EQ(known->elements[0].integer, 1);  // Or it would be sent whole each time.
    ASSERT_TRUE(i == 0 || Command({"SCRIPT", "FLUSH"}).ok());
  }
  const Answer broken = RunTask(loop_, client_->Run(RedisScript("return nothing()"), {}, {}));
  EXPECT_TRUE(absl::IsInternal(broken.status())) << broken.status();
  EXPECT_TRUE(client_->up());
}

TEST_F(RedisClientTest, ThePasswordIsAskedForAgainWithEachConnection) {
  const RedisProcess redis({"--requirepass", "right"});
  RedisClientOptions options = Options(redis.address());
  std::string password = "wrong";
  options.password = [&password]() -> absl::StatusOr<std::string> { return password; };
  Start(options);
  ASSERT_TRUE(RunForAttempts(3));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("WRONGPASS")));
  password = "";
  ASSERT_TRUE(RunForAttempts(3));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("WRONGPASS")));  // NOAUTH is of the same kind.
  password = "right";
  EXPECT_TRUE(RunUntilUp());
}

TEST_F(RedisClientTest, APasswordThatCannotBeReadIsSaid) {
  const RedisProcess redis;
  RedisClientOptions options = Options(redis.address());
  options.password = [] { return absl::StatusOr<std::string>(absl::NotFoundError("no file")); };
  Start(options);
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states_, ElementsAre("no file"));
}

TEST_F(RedisClientTest, WhatAUserMayNotDoIsAnErrorOfTheCommand) {
  const RedisProcess redis({"--user", "gw", "on", ">secret", "~*", "+@connection", "+info", "+time",
                            "+eval", "+evalsha", "+get"});
  RedisClientOptions options = Options(redis.address());
  options.username = "gw";
  options.password = []() -> absl::StatusOr<std::string> { return "secret"; };
  Start(options);
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(Command({"GET", "k"}).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(Command({"SET", "k", "v"}).status()));
  const RedisScript script("return redis.call('SET', 'k', 'v')");
  const Answer answer = RunTask(loop_, client_->Run(script, {}, {}));
  EXPECT_TRUE(absl::IsPermissionDenied(answer.status())) << answer.status();
  EXPECT_TRUE(client_->up());
}

TEST_F(RedisClientTest, AFullRedisIsAnErrorOfTheCommand) {
  const RedisProcess redis({"--maxmemory", "100kb"});
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(absl::IsResourceExhausted(Command({"SET", "k", "v"}).status()));
  const RedisScript script("return redis.call('SET', KEYS[1], 'v')");
  const Answer answer = RunTask(loop_, client_->Run(script, {"k"}, {}));
  EXPECT_TRUE(absl::IsResourceExhausted(answer.status())) << answer.status();
  EXPECT_TRUE(Command({"GET", "k"}).ok());
  EXPECT_THAT(states_, ElementsAre("up"));
}

TEST_F(RedisClientTest, UsesTheDatabaseOfItsAddress) {
  const RedisProcess redis;
  RedisAddress address = redis.address();
  address.database = 3;
  Start(Options(address));
  ASSERT_TRUE(RunUntilUp());
  const Answer answer = Command({"CLIENT", "INFO"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->text, HasSubstr("db=3"));
}

class RedisClientTls : public RedisClientTest {
 protected:
  RedisClientTls()
      : redis_({"--bind", "127.0.0.2", "127.0.0.1", "--port", "0", "--tls-port", "%PORT%",
                "--tls-auth-clients", "no", "--tls-cert-file", certificate_.file(),
                "--tls-key-file", certificate_.key_file(), "--tls-ca-cert-file",
                certificate_.file()}) {}
  RedisAddress Address(const std::string& host) {
    return {.host = host, .port = redis_.port(), .tls = true};
  }

  const integration::Certificate certificate_;
  const integration::Certificate another_;
  const RedisProcess redis_;
};

TEST_F(RedisClientTls, VerifiesTheServerByNameOrAddress) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    RedisClientOptions options = Options(Address(host));
    options.ca_file = certificate_.file();
    Start(options);
    ASSERT_TRUE(RunUntilUp()) << host;
    const std::string value(200'000, 'x');  // More than one TLS record.
    ASSERT_TRUE(Command({"SET", "k", value}).ok());
    const Answer answer = Command({"GET", "k"});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->text, value);
    TearDown();
  }
}

TEST_F(RedisClientTls, RefusesAnAuthorityItDoesNotKnow) {
  RedisClientOptions options = Options(Address("127.0.0.1"));
  options.ca_file = another_.file();
  Start(options);
  ASSERT_TRUE(RunForAttempts(2));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("does not verify")));
}

TEST_F(RedisClientTls, RefusesAServerOfAnotherName) {
  RedisClientOptions options = Options(Address("127.0.0.2"));
  options.ca_file = certificate_.file();
  Start(options);
  ASSERT_TRUE(RunForAttempts(2));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("does not verify")));
}

TEST_F(RedisClientTls, ACaFileThatCannotBeReadIsSaid) {
  RedisClientOptions options = Options(Address("127.0.0.1"));
  options.ca_file = "/nowhere/ca.pem";
  Start(options);
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("/nowhere/ca.pem")));
}

TEST_F(RedisClientTls, APlainServerIsNotTakenForOne) {
  const RedisProcess plain;
  RedisAddress address = plain.address();
  address.tls = true;
  Start(Options(address));
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("TLS")));
}

TEST_F(RedisClientTest, AClusterIsRefusedByName) {
  const RedisProcess redis({"--cluster-enabled", "yes", "--cluster-config-file", "n%PORT%.conf"});
  Start(Options(redis.address()));
  ASSERT_TRUE(RunForAttempts(3));
  EXPECT_THAT(states_, ElementsAre(HasSubstr("cluster mode")));
}

TEST_F(RedisClientTest, AMasterThatBecomesAReplicaIsLeftUntilItIsOneAgain) {
  const RedisProcess redis;
  Start(Options(redis.address()));
  ASSERT_TRUE(RunUntilUp());
  ASSERT_TRUE(Tell(redis.address(), {"REPLICAOF", "127.0.0.1", "1"}).ok());
  EXPECT_TRUE(absl::IsUnavailable(Command({"SET", "k", "v"}).status()));
  ASSERT_TRUE(RunUntilTold(3));
  EXPECT_THAT(states_, ElementsAre("up", HasSubstr("READONLY"), HasSubstr("read-only replica")));
  ASSERT_TRUE(Tell(redis.address(), {"REPLICAOF", "NO", "ONE"}).ok());
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(Command({"SET", "k", "v"}).ok());
}

TEST_F(RedisClientTest, WhatDoesNotFitIntoThePipelineIsRefusedAtOnce) {
  const RedisProcess redis;
  RedisClientOptions options = Options(redis.address());
  options.max_pipeline = 10;
  Start(options);
  ASSERT_TRUE(RunUntilUp());
  int served = 0;
  int refused = 0;
  for (int i = 0; i < 15; ++i) {
    Spawn(loop_.get_executor(), {}, client_->Command({"PING"}),
          [&](const Answer& answer) { ++(answer.ok() ? served : refused); });
  }
  ASSERT_TRUE(RunUntil([&] { return served + refused == 15; }));
  EXPECT_EQ(served, 10);
  EXPECT_EQ(client_->counters().refused_full, 5);
  EXPECT_TRUE(Command({"PING"}).ok());
}

TEST_F(RedisClientTest, WhatIsTooMuchToSendIsRefusedAtOnce) {
  const RedisProcess redis;
  RedisClientOptions options = Options(redis.address());
  options.max_unsent_bytes = 1000;
  Start(options);
  ASSERT_TRUE(RunUntilUp());
  EXPECT_TRUE(absl::IsUnavailable(Command({"SET", "k", std::string(1001, 'x')}).status()));
  EXPECT_TRUE(Command({"SET", "k", std::string(900, 'x')}).ok());
}

TEST_F(RedisClientTest, ALoopMayStopWhereItStands) {
  const RedisProcess redis;
  std::optional<RedisClient> client;
  LoopThread thread("redis");
  RedisClientOptions options;
  options.address = redis.address();
  client.emplace(thread.executor(), clock_, options);
  client->Subscribe("c", [](const std::string& /*message*/) {}, [] {});
  const absl::Time end = clock_.Now() + kPatience;
  while (!client->up() && clock_.Now() < end) std::this_thread::yield();
  EXPECT_TRUE(client->up());
  thread.Join(absl::InfinitePast());
  client.reset();
}

}  // namespace
}  // namespace pcaps
