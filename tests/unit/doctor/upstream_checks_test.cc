// One answer of the upstream, judged in its four ways.
#include "clients/gateway/pcapctl/doctor/upstream_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/base/error.h"
#include "clients/pcaps_api/upstream_error.h"

namespace pcaps::pcapctl {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr char kDateOfNow[] = "Tue, 14 Nov 2023 22:13:20 GMT";

UpstreamProbe Answer(int http_status, const std::string& body,
                     std::map<std::string, std::string> headers = {}) {
  UpstreamProbe probe{.credential = "main",
                      .account = "acc",
                      .sent = kNow,
                      .received = kNow + absl::Milliseconds(120),
                      .head = {http_status, std::move(headers)}};
  probe.status = ResultOf({Operation::kListPcaps, probe.head, body, {}}).status();
  return probe;
}

UpstreamProbe Good(std::map<std::string, std::string> headers = {}) {
  return Answer(200, R"({"success":true,"result":[]})", std::move(headers));
}

UpstreamProbe Error(int http_status, int code, std::map<std::string, std::string> headers = {}) {
  return Answer(http_status,
                R"({"success":false,"errors":[{"code":)" + std::to_string(code) +
                    R"(,"message":"words"}],"result":null})",
                std::move(headers));
}

UpstreamProbe NoAnswer(HttpFailure failure) {
  UpstreamProbe probe = Good();
  probe.failure = failure;
  probe.status = TransportError(failure, "words of the transport");
  return probe;
}

Finding Permission(const UpstreamProbe& probe) {
  return JudgePermission(probe, {.name = "main", .token_file = "/etc/token"});
}

TEST(UpstreamCheck, AnAnswerOfTheApiIsWellWhateverItSays) {
  for (const UpstreamProbe& probe : {Good(), Error(401, 10000), Error(403, 10000), Error(429, 1)}) {
    EXPECT_EQ(JudgeUpstream(probe, {}).verdict, Verdict::kOk) << probe.status;
  }
  EXPECT_THAT(JudgeUpstream(Good(), {}).message, HasSubstr("120ms"));
}

TEST(UpstreamCheck, TroubleOfTheApiAndAPageInItsPlaceFail) {
  EXPECT_THAT(JudgeUpstream(Answer(503, "<html>"), {}).fix, HasSubstr("wait"));
  EXPECT_THAT(JudgeUpstream(Answer(200, "<html>"), {}).fix, HasSubstr("upstream.base_url"));
  EXPECT_THAT(JudgeUpstream(Answer(302, ""), {}).fix, HasSubstr("upstream.base_url"));
}

TEST(UpstreamCheck, WhatTheTransportFailedAtDecidesTheFix) {
  EXPECT_THAT(JudgeUpstream(NoAnswer(HttpFailure::kTls), {}).fix, HasSubstr("upstream.ca_file"));
  EXPECT_THAT(JudgeUpstream(NoAnswer(HttpFailure::kTimeout), {}).fix, HasSubstr("gives no answer"));
  EXPECT_THAT(JudgeUpstream(NoAnswer(HttpFailure::kMalformed), {}).fix, HasSubstr("no HTTP API"));
  EXPECT_THAT(JudgeUpstream(NoAnswer(HttpFailure::kBroken), {}).fix, HasSubstr("https"));
  EXPECT_THAT(JudgeUpstream(NoAnswer(HttpFailure::kConnect), {.proxy = "http://p:1"}).fix,
              HasSubstr("upstream.proxy"));
  for (const Finding& finding :
       {Permission(NoAnswer(HttpFailure::kTls)), JudgeClock(NoAnswer(HttpFailure::kTls)),
        JudgeBudget(NoAnswer(HttpFailure::kTls))}) {
    EXPECT_EQ(finding.verdict, Verdict::kSkip) << finding.check;
  }
}

TEST(PermissionCheck, TellsAWrongTokenFromAWrongAccountFromAWrongUrl) {
  EXPECT_EQ(Permission(Good()).verdict, Verdict::kOk);
  EXPECT_THAT(Permission(Error(401, 10000)).fix, HasSubstr("/etc/token"));
  const UpstreamProbe bad_header =
      Answer(400, R"({"success":false,"errors":[{"code":6003,"error_chain":[{"code":6111}]}]})");
  EXPECT_THAT(Permission(bad_header).fix, HasSubstr("/etc/token"));
  EXPECT_THAT(Permission(Error(403, 10000)).fix, HasSubstr("account permission"));
  EXPECT_THAT(Permission(Error(403, 10000)).message, HasSubstr("acc"));
  EXPECT_THAT(Permission(Error(404, 7003)).fix, HasSubstr("upstream.base_url"));
  for (const UpstreamProbe& probe : {Error(429, 1), Answer(503, ""), Answer(200, "<html>")}) {
    EXPECT_EQ(Permission(probe).verdict, Verdict::kSkip) << probe.status;
  }
}

TEST(PermissionCheck, SaysThatOfSeveralAccountsOneWasAsked) {
  const Config::Credential several{.name = "main", .accounts = {"acc", "b", "*"}};
  EXPECT_EQ(JudgePermission(Good(), several).message,
            "may use account acc (1 of 2 accounts asked)");
  EXPECT_THAT(JudgePermission(Error(403, 10000), several).message,
              HasSubstr("acc (1 of 2 accounts asked)"));
  EXPECT_EQ(Permission(Good()).message, "may use account acc");
}

TEST(PermissionCheck, WithoutAnAccountOnlyTheTokenIsJudged) {
  for (UpstreamProbe probe : {Good(), Error(403, 10000)}) {
    probe.account = "";
    EXPECT_EQ(Permission(probe).verdict, Verdict::kSkip);
    EXPECT_THAT(Permission(probe).message, HasSubstr("--account"));
  }
  UpstreamProbe rejected = Error(401, 10000);
  rejected.account = "";
  EXPECT_EQ(Permission(rejected).verdict, Verdict::kFail);
}

Finding ClockOf(absl::Duration ours_ahead) {
  UpstreamProbe probe = Good({{"date", kDateOfNow}});
  probe.sent += ours_ahead;
  probe.received += ours_ahead;
  return JudgeClock(probe);
}

TEST(ClockCheck, FailsBeyondFiveSecondsAndKnowsTheDirection) {
  EXPECT_EQ(ClockOf(absl::ZeroDuration()).verdict, Verdict::kOk);
  // The Date is cut to a second, so the upstream's clock may be nearly a second further.
  EXPECT_EQ(ClockOf(absl::Seconds(6)).verdict, Verdict::kOk);
  EXPECT_EQ(ClockOf(absl::Seconds(6.1)).verdict, Verdict::kFail);
  EXPECT_THAT(ClockOf(absl::Seconds(60)).message, HasSubstr("59s ahead"));
  EXPECT_EQ(ClockOf(absl::Seconds(-5)).verdict, Verdict::kOk);
  EXPECT_EQ(ClockOf(absl::Seconds(-5.2)).verdict, Verdict::kFail);
  EXPECT_THAT(ClockOf(absl::Seconds(-60)).message, HasSubstr("1m behind"));
}

TEST(ClockCheck, ASlowAnswerIsNoSkew) {
  UpstreamProbe probe = Good({{"date", kDateOfNow}});
  probe.sent -= absl::Seconds(10);
  probe.received += absl::Seconds(10);
  EXPECT_EQ(JudgeClock(probe).verdict, Verdict::kOk);
}

TEST(ClockCheck, WithoutADateItIsSkipped) {
  EXPECT_EQ(JudgeClock(Good()).verdict, Verdict::kSkip);
  EXPECT_EQ(JudgeClock(Good({{"date", "now"}})).verdict, Verdict::kSkip);
}

Finding BudgetOf(const std::string& limit,
                 const std::string& policy = R"("default";q=1200;w=300)") {
  return JudgeBudget(Good({{"ratelimit", limit}, {"ratelimit-policy", policy}}));
}

TEST(BudgetCheck, FailsBelowAFifthOfThePolicy) {
  const Finding enough = BudgetOf(R"("default";r=240;t=30)");
  EXPECT_EQ(enough.verdict, Verdict::kOk);
  EXPECT_EQ(enough.message, "240 of 1200 requests left, new ones in 30s");
  EXPECT_EQ(BudgetOf(R"("default";r=239;t=30)").verdict, Verdict::kFail);
  EXPECT_EQ(BudgetOf(R"("default";r=1000;t=30,"burst";r=1;t=3)",
                     R"("default";q=1200;w=300,"burst";q=100)")
                .verdict,
            Verdict::kFail);
}

TEST(BudgetCheck, WithoutAPolicyOfTheSameNameItIsAFifthOfTheDocumentedOne) {
  EXPECT_EQ(BudgetOf(R"("default";r=240;t=30)", "").message, "240 requests left, new ones in 30s");
  EXPECT_EQ(BudgetOf(R"("default";r=240;t=30)", "").verdict, Verdict::kOk);
  EXPECT_EQ(BudgetOf(R"("default";r=239;t=30)", "").verdict, Verdict::kFail);
  const Finding spent = BudgetOf(R"("default";r=0;t=30)", R"("burst";q=100;w=60)");
  EXPECT_EQ(spent.verdict, Verdict::kFail);
  EXPECT_EQ(spent.message, "0 requests left, new ones in 30s");
  EXPECT_EQ(BudgetOf("").verdict, Verdict::kSkip);
}

TEST(BudgetCheck, ABlockSaysUntilWhen) {
  const Finding blocked = JudgeBudget(Error(429, 1, {{"retry-after", "90"}}));
  EXPECT_EQ(blocked.verdict, Verdict::kFail);
  EXPECT_THAT(blocked.message, HasSubstr("22:14:50 UTC, in 1m30s"));
}

TEST(UnreachableUpstream, IsFoundWithoutARequest) {
  Config::Upstream upstream;
  upstream.base_url = "http://127.0.0.1:1";
  EXPECT_THAT(FindUnreachable(upstream).value().message, HasSubstr("127.0.0.1:1"));
  upstream.base_url = "https://api.invalid";
  upstream.connect_timeout = absl::Seconds(30);
  EXPECT_THAT(FindUnreachable(upstream).value().fix, HasSubstr("DNS"));
  upstream.proxy = "http://127.0.0.1:1";  // Which may know the name.
  EXPECT_FALSE(FindUnreachable(upstream).has_value());
  upstream.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(FindUnreachable(upstream).value().fix, HasSubstr("upstream.ca_file"));
}

}  // namespace
}  // namespace pcaps::pcapctl
