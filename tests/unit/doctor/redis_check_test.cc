#include "clients/gateway/pcapctl/doctor/redis_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pcaps::pcapctl {
namespace {

using testing::HasSubstr;

RedisReport GoodReport() {
  return {.ping = absl::Milliseconds(1),
          .version = "7.0.15",
          .mode = "standalone",
          .role = "master",
          .maxmemory_policy = "noeviction"};
}

Finding Judge(const RedisReport& report) { return JudgeRedis(report, Config::State()); }

TEST(RedisCheck, AMasterThatAnswersInTimeIsWell) {
  EXPECT_EQ(Judge(GoodReport()).verdict, Verdict::kOk);
  RedisReport silent = GoodReport();
  silent.maxmemory_policy = "";  // Its user may not see it.
  EXPECT_EQ(Judge(silent).verdict, Verdict::kOk);
}

TEST(RedisCheck, ASlowOneFailsByTheTimeoutOfTheConfiguration) {
  RedisReport slow = GoodReport();
  slow.ping = absl::Milliseconds(51);
  const Finding finding = Judge(slow);
  EXPECT_EQ(finding.verdict, Verdict::kFail);
  EXPECT_THAT(finding.message, HasSubstr("51ms"));
  EXPECT_THAT(finding.message, HasSubstr("50ms"));
  EXPECT_THAT(finding.fix, HasSubstr("state.command_timeout"));
}

TEST(RedisCheck, AReplicaAClusterAndASentinelFail) {
  RedisReport report = GoodReport();
  report.role = "slave";
  EXPECT_THAT(Judge(report).fix, HasSubstr("the master"));
  for (const char* mode : {"cluster", "sentinel"}) {
    report = GoodReport();
    report.mode = mode;
    EXPECT_EQ(Judge(report).verdict, Verdict::kFail);
    EXPECT_THAT(Judge(report).message, HasSubstr(mode));
  }
}

TEST(RedisCheck, OneThatEvictsIsAWarning) {
  RedisReport report = GoodReport();
  report.maxmemory_policy = "volatile-lru";
  EXPECT_EQ(Judge(report).verdict, Verdict::kWarning);
  EXPECT_THAT(Judge(report).message, HasSubstr("volatile-lru"));
}

TEST(RedisCheck, OneThatIsFullFailsUnlessItEvicts) {
  RedisReport report = GoodReport();
  report.maxmemory = 1000;
  report.used_memory = 999;
  EXPECT_EQ(Judge(report).verdict, Verdict::kOk);
  report.used_memory = 1000;
  EXPECT_EQ(Judge(report).verdict, Verdict::kFail);
  EXPECT_THAT(Judge(report).message, HasSubstr("1000 of 1000 bytes"));
  EXPECT_THAT(Judge(report).fix, HasSubstr("maxmemory"));
  report.maxmemory_policy = "allkeys-lru";
  EXPECT_EQ(Judge(report).verdict, Verdict::kWarning);
}

TEST(RedisCheck, AUserWithoutPermissionsIsToldWhichTheGatewayNeeds) {
  Config::State state;
  state.username = "gw";
  state.key_prefix = "mine";
  EXPECT_THAT(JudgeRedis(absl::PermissionDeniedError("x"), state).fix,
              HasSubstr("ACL SETUSER gw ~mine:* &mine:* +@read +@write +@scripting +@pubsub "
                        "+@connection +info +time"));
}

TEST(RedisCheck, EveryKindOfErrorHasAFixOfItsOwn) {
  std::set<std::string> fixes;
  const std::vector<absl::Status> errors = {absl::NotFoundError("x"),
                                            absl::InvalidArgumentError("x"),
                                            absl::UnauthenticatedError("x"),
                                            absl::PermissionDeniedError("x"),
                                            absl::FailedPreconditionError("x"),
                                            absl::ResourceExhaustedError("x"),
                                            absl::AbortedError("x"),
                                            absl::DeadlineExceededError("x"),
                                            absl::UnavailableError("x"),
                                            absl::InternalError("x")};
  for (const absl::Status& error : errors) {
    const Finding finding = JudgeRedis(error, Config::State());
    EXPECT_EQ(finding.verdict, Verdict::kFail);
    EXPECT_EQ(finding.message, "x");
    fixes.insert(finding.fix);
  }
  EXPECT_EQ(fixes.size(), errors.size());
}

TEST(RedisCheck, APasswordFileThatCannotBeReadIsToldBeforeRedisIsAsked) {
  Config::State state;
  state.redis_url = "redis://127.0.0.1:1";
  state.password_file = "/nowhere/password";
  const Finding finding = CheckRedis(state);
  EXPECT_EQ(finding.verdict, Verdict::kFail);
  EXPECT_THAT(finding.message, HasSubstr("/nowhere/password"));
  EXPECT_THAT(finding.fix, HasSubstr("state.password_file"));
}

TEST(RedisCheck, IsSkippedWithoutARedis) {
  EXPECT_EQ(CheckRedis(Config::State()).verdict, Verdict::kSkip);
}

}  // namespace
}  // namespace pcaps::pcapctl
