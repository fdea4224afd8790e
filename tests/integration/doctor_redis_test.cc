// pcapctl doctor with Redis broken in each way: one line fails and names its fix.
#include "tests/integration/doctor_fixture.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

// Expects that Redis failed, and that its fix has these words.
void ExpectRedisFailure(const Diagnosis& diagnosis, const std::string& message,
                        const std::string& fix) {
  EXPECT_EQ(diagnosis.Failed(), "redis") << diagnosis.out;
  EXPECT_THAT(diagnosis.Message("redis"), HasSubstr(message));
  EXPECT_THAT(diagnosis.Fix("redis"), HasSubstr(fix));
}

TEST_F(Doctor, RedisIsWell) {
  const Redis redis;
  const Diagnosis diagnosis = RunWithConfig(State(redis));
  EXPECT_EQ(diagnosis.Failed(), "") << diagnosis.out;
  EXPECT_EQ(diagnosis.Verdict("redis"), "ok");
  EXPECT_THAT(diagnosis.Message("redis"), HasSubstr("PING takes"));
}

TEST_F(Doctor, RedisIsDown) {
  const json::object state = {{"redis_url", absl::StrCat("redis://", DeadAddress())}};
  ExpectRedisFailure(RunWithConfig({{"state", state}}), "refused", "start Redis");
}

TEST_F(Doctor, RedisWantsAnotherPassword) {
  const Redis redis({"--requirepass", kRedisPassword});
  ExpectRedisFailure(RunWithConfig(State(redis)), "NOAUTH", "state.password_file");
  const std::string wrong = directory_.Write("password", "wrong");
  ExpectRedisFailure(RunWithConfig(State(redis, {{"password_file", wrong}})), "WRONGPASS",
                     "state.password_file");
  const std::string right = directory_.Write("password", kRedisPassword);
  EXPECT_EQ(RunWithConfig(State(redis, {{"password_file", right}})).Failed(), "");
  EXPECT_EQ(
      RunWithConfig(State(redis, {{"password_file", right}, {"username", "default"}})).Failed(),
      "");
}

TEST_F(Doctor, RedisUserMayNotDoIt) {
  const Redis redis({"--user", "gw", "on", absl::StrCat(">", kRedisPassword), "~*", "+ping"});
  const std::string file = directory_.Write("password", kRedisPassword);
  ExpectRedisFailure(RunWithConfig(State(redis, {{"password_file", file}, {"username", "gw"}})),
                     "NOPERM", "ACL");
}

TEST_F(Doctor, RedisUserMayNotWriteRunScriptsOrPublish) {
  const std::string file = directory_.Write("password", kRedisPassword);
  const std::vector<std::string> all = {"+set",     "+eval", "+evalsha",
                                        "+publish", "+time", "+subscribe"};
  for (const std::string& missing : all) {
    std::vector<std::string> flags = {
        "--user",   "gw",       "on",    absl::StrCat(">", kRedisPassword),
        "~pcaps:*", "&pcaps:*", "+ping", "+info"};
    for (const std::string& each : all) {
      if (each != missing) flags.push_back(each);
    }
    const Redis redis(flags);
    ExpectRedisFailure(RunWithConfig(State(redis, {{"password_file", file}, {"username", "gw"}})),
                       absl::StrCat("'", missing.substr(1), "'"), "ACL SETUSER gw ~pcaps:*");
  }
}

TEST_F(Doctor, RedisUserMayDoAllThatTheFixGivesHim) {
  const std::string file = directory_.Write("password", kRedisPassword);
  const json::object user = {{"password_file", file}, {"username", "gw"}};
  const Redis refuses({"--user", "gw", "on", absl::StrCat(">", kRedisPassword)});
  const std::string fix = RunWithConfig(State(refuses, user)).Fix("redis");
  const size_t rules = fix.find("gw ~");
  ASSERT_NE(rules, std::string::npos) << fix;
  std::vector<std::string> flags = {"--user", "gw", "on", absl::StrCat(">", kRedisPassword)};
  for (const absl::string_view rule : absl::StrSplit(fix.substr(rules + 3), ' ')) {
    flags.emplace_back(rule);
  }
  const Redis redis(flags);
  const Diagnosis diagnosis = RunWithConfig(State(redis, user));
  EXPECT_EQ(diagnosis.Failed(), "") << diagnosis.out;
}

TEST_F(Doctor, RedisIsFull) {
  const Redis redis({"--maxmemory", "500kb", "--maxmemory-policy", "noeviction"});
  ExpectRedisFailure(RunWithConfig(State(redis)), "", "raise maxmemory");
}

TEST_F(Doctor, RedisLacksReplicas) {
  const Redis redis({"--min-replicas-to-write", "1"});
  ExpectRedisFailure(RunWithConfig(State(redis)), "NOREPLICAS", "min-replicas-to-write");
}

TEST_F(Doctor, RedisIsAReplica) {
  const Redis replica({"--replicaof", "127.0.0.1", "1"});
  ExpectRedisFailure(RunWithConfig(State(replica)), "cannot be written", "the master");
}

TEST_F(Doctor, RedisIsACluster) {
  const Redis cluster({"--cluster-enabled", "yes"});
  ExpectRedisFailure(RunWithConfig(State(cluster)), "cluster mode", "neither cluster");
}

TEST_F(Doctor, RedisEvicts) {
  const Redis redis({"--maxmemory-policy", "allkeys-lru"});
  const Diagnosis diagnosis = RunWithConfig(State(redis));
  EXPECT_EQ(diagnosis.Failed(), "") << diagnosis.out;
  EXPECT_EQ(diagnosis.Verdict("redis"), "warn");
  EXPECT_THAT(diagnosis.Fix("redis"), HasSubstr("noeviction"));
}

TEST_F(Doctor, RedisHangs) {
  Redis redis;
  redis.process().Signal(SIGSTOP);
  const absl::Time begin = absl::Now();
  ExpectRedisFailure(RunWithConfig(State(redis)), "gives no answer", "is it stopped");
  EXPECT_LT(absl::Now() - begin, kPatience / 2);
}

TEST_F(Doctor, RedisOverTlsIsVerified) {
  const Certificate certificate;
  const Certificate another;
  const Redis redis({}, &certificate);
  const Diagnosis right = RunWithConfig(State(redis, {{"ca_file", certificate.file()}}));
  EXPECT_EQ(right.Verdict("redis"), "ok") << right.out;
  ExpectRedisFailure(RunWithConfig(State(redis, {{"ca_file", another.file()}})), "does not verify",
                     "state.ca_file");
  const json::object plain = {{"redis_url", absl::StrCat("redis://127.0.0.1:", redis.port())}};
  ExpectRedisFailure(RunWithConfig({{"state", plain}}), "", "rediss://");
}

}  // namespace
}  // namespace pcaps::integration
