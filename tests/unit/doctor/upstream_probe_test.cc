#include "clients/gateway/pcapctl/doctor/upstream_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "tests/unit/pcaps_api/test_server.h"

namespace pcaps::pcapctl {
namespace {

UpstreamProbe Probe(const TestServer& server, const std::string& account,
                    absl::Duration patience = absl::Seconds(10), std::stop_token stop = {}) {
  Config config;
  config.upstream.base_url = server.url() + "/client/v4/";
  return ProbeUpstream(config, {"main", Token("s3cret"), {"*"}}, account, absl::Now() + patience,
                       std::move(stop));
}

TEST(UpstreamProbe, IsOneListOfTheAccountWithTheToken) {
  const TestServer server([](const TestRequest&) {
    return Answer(200, R"({"success":true,"result":null})", "Date: x\r\n");
  });
  const UpstreamProbe probe = Probe(server, "a/b");
  EXPECT_TRUE(probe.status.ok()) << probe.status;
  EXPECT_EQ(probe.head.Header("date"), "x");
  EXPECT_LE(probe.sent, probe.received);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].method, "GET");
  EXPECT_EQ(server.requests()[0].target, "/client/v4/accounts/a%2Fb/pcaps");
  EXPECT_EQ(server.requests()[0].headers.at("authorization"), "Bearer s3cret");
}

TEST(UpstreamProbe, WithoutAnAccountItNamesOneThatNobodyHas) {
  const TestServer server([](const TestRequest&) { return Failure(403, 10000, "no"); });
  const UpstreamProbe probe = Probe(server, "");
  EXPECT_EQ(ReasonOf(probe.status), v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN);
  EXPECT_EQ(server.requests().at(0).target,
            "/client/v4/accounts/00000000000000000000000000000000/pcaps");
}

TEST(UpstreamProbe, IsSentOnceWhateverComesOfIt) {
  const TestServer server([](const TestRequest&) { return Failure(503, 1000, "no"); });
  EXPECT_EQ(ReasonOf(Probe(server, "a").status), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(UpstreamProbe, EndsAtItsDeadline) {
  const TestServer server([](const TestRequest&) { return Then({}, TestAnswer::Then::kHang); });
  const UpstreamProbe probe = Probe(server, "a", absl::Milliseconds(100));
  EXPECT_EQ(probe.failure, HttpFailure::kTimeout);
}

TEST(UpstreamProbe, EndsWhenItIsStopped) {
  std::stop_source stop;
  const TestServer server([&](const TestRequest&) {
    stop.request_stop();
    return Then({}, TestAnswer::Then::kHang);
  });
  const UpstreamProbe probe = Probe(server, "a", absl::Seconds(60), stop.get_token());
  EXPECT_EQ(probe.failure, HttpFailure::kCancelled);
}

}  // namespace
}  // namespace pcaps::pcapctl
