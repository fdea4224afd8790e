// Creating over a fleet: once for each request id whatever breaks, and in turn where the upstream
// takes one a minute.
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/bench/load/creates.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

std::vector<std::string> Accounts(int count) {
  std::vector<std::string> accounts;
  for (int i = 1; i <= count; ++i) accounts.push_back(absl::StrCat("account-", i));
  return accounts;
}

TEST(FleetCreate, EachRequestIdIsOneCaptureWhateverBreaks) {
  constexpr int kCreates = 200;
  constexpr int kInFlight = 50;
  // A replica that is killed between writing that it sends and sending leaves what nobody can ever
  // know: hardly one, but on a busy machine it may be all of those that it had in hand.
  constexpr int64_t kMostLeft = kInFlight / 3;
  Fleet fleet;
  const auto fault = [](const char* kind, double probability) {
    return json::object{{"endpoint", "create_pcap"}, {"fault", kind}, {"probability", probability}};
  };
  fleet.emulator.AddFaults(json::array{fault("reset_during", 0.05), fault("reset_after", 0.05)});
  load::CreatesReport report;
  std::thread callers([&] {
    report = load::RunCreates({.targets = fleet.targets(),
                               .accounts = Accounts(50),
                               .creates = kCreates,
                               .in_flight = kInFlight,
                               .patience = absl::Minutes(1)});
  });
  EXPECT_TRUE(Eventually([&] { return fleet.emulator.CapturesCreated() >= kCreates / 4; }));
  fleet.gateway(1).Kill();
  fleet.gateway(1).Restart();
  callers.join();

  for (const auto& [outcome, count] : report.outcomes) {
    // UNAVAILABLE has no reason where the connection broke.
    EXPECT_TRUE((std::set<std::string>{"OK", "SHARED_STATE_UNAVAILABLE", "UPSTREAM_UNAVAILABLE",
                                       "DRAINING", "CREATE_OUTCOME_UNKNOWN", "UNAVAILABLE"})
                    .contains(outcome))
        << outcome;
  }
  const int64_t unknown = report.left["CREATE_OUTCOME_UNKNOWN"];
  report.left.erase("CREATE_OUTCOME_UNKNOWN");
  EXPECT_EQ(report.left, (std::map<std::string, int64_t>{}));
  EXPECT_LE(unknown, kMostLeft);
  EXPECT_EQ(report.DistinctIds(), kCreates - unknown);
  EXPECT_GE(fleet.emulator.CapturesCreated(), report.DistinctIds());
  EXPECT_LE(fleet.emulator.CapturesCreated(), report.DistinctIds() + unknown);
}

TEST(FleetCreate, CallersOfOneRequestIdAtAllReplicasGetOneCapture) {
  Fleet fleet;
  fleet.emulator.AddFaults(
      {{"endpoint", "create_pcap"}, {"fault", "latency"}, {"latency_ms", 500}});
  v1::CreatePcapRequest request = SimpleRequest();
  request.set_request_id("once");
  std::vector<Answer<v1::Pcap>> answers(6);
  std::vector<std::thread> callers;
  for (size_t i = 0; i < answers.size(); ++i) {
    callers.emplace_back(
        [&, i] { answers[i] = fleet.caller(static_cast<int>(i % 3)).Call(request); });
  }
  for (std::thread& each : callers) each.join();
  for (const auto& answer : answers) {
    EXPECT_TRUE(answer.status.ok()) << answer.status;
    EXPECT_EQ(answer.response.id(), answers[0].response.id());
  }
  EXPECT_EQ(fleet.emulator.CapturesCreated(), 1);
}

TEST(FleetCreate, WithoutRedisARequestIdIsRefusedAndOneWithoutIsCreated) {
  Fleet fleet;
  fleet.redis.Kill();
  v1::CreatePcapRequest once = SimpleRequest();
  once.set_request_id("once");
  ExpectError(fleet.caller(0).Call(once), absl::StatusCode::kUnavailable,
              "SHARED_STATE_UNAVAILABLE");
  EXPECT_EQ(fleet.emulator.Requests("create_pcap"), 0);
  const auto created = fleet.caller(0).Call(SimpleRequest());
  EXPECT_TRUE(created.status.ok()) << created.status;
  EXPECT_EQ(fleet.emulator.CapturesCreated(), 1);
}

TEST(FleetCreate, ThoseThatWaitTheirTurnAreNeverRefusedByTheUpstream) {
  Fleet fleet({.settings = {{"upstream", {{"rules", {{"simple_create_interval", "3s"}}}}}}});
  fleet.emulator.Control("POST", "rules", {{"enabled", true}, {"simple_interval_s", 3}});
  const load::CreatesReport report = load::RunCreates({.targets = fleet.targets(),
                                                       .accounts = {kAccount},
                                                       .creates = 3,
                                                       .max_queue_wait = absl::Seconds(60),
                                                       .timeout = absl::Seconds(60)});
  EXPECT_EQ(report.outcomes, (std::map<std::string, int64_t>{{"OK", 3}}));
  std::vector<UpstreamRequest> creates;
  for (const UpstreamRequest& each : fleet.Requests()) {
    if (each.endpoint == "create_pcap") creates.push_back(each);
  }
  ASSERT_EQ(creates.size(), 3u);
  for (const UpstreamRequest& each : creates) EXPECT_EQ(each.status, 200);
}

TEST(FleetCreate, TooSoonIsSaidByEveryReplicaWithoutTheUpstream) {
  Fleet fleet({.settings = {{"upstream", {{"rules", {{"simple_create_interval", "60s"}}}}}}});
  EXPECT_TRUE(fleet.caller(0).Call(SimpleRequest()).status.ok());
  const int64_t requests = fleet.emulator.Requests("create_pcap");
  for (const int replica : {0, 1, 2}) {
    const auto refused = fleet.caller(replica).Call(SimpleRequest());
    ExpectError(refused, absl::StatusCode::kResourceExhausted, "CREATE_TOO_SOON");
    EXPECT_GT(ExpectRetryInfo(refused), absl::Seconds(10));
  }
  EXPECT_EQ(fleet.emulator.Requests("create_pcap"), requests);
}

}  // namespace
}  // namespace pcaps::integration
