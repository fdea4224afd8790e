// What a fleet lets through: an account's rate, and what the upstream says it may not have.
#include <thread>

#include "tests/bench/load/gets.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

v1::GetPcapRequest GetNow(const std::string& pcap_id) {
  v1::GetPcapRequest request = GetRequest(pcap_id);
  request.mutable_max_age()->set_seconds(0);
  return request;
}

v1::CreatePcapRequest CreateIn(const std::string& account_id) {
  v1::CreatePcapRequest request = SimpleRequest();
  request.set_account_id(account_id);
  return request;
}

TEST(FleetLimits, AfterA429NoReplicaAsksBeforeItIsOverAndThenOneProbes) {
  constexpr absl::Duration kRetryAfter = absl::Seconds(3);
  constexpr absl::Duration kProbe = absl::Seconds(1);  // What the probe's answer takes.
  Fleet fleet;
  const std::string pcap_id = fleet.Seed(kAccount, 1, "running")[0];
  fleet.emulator.AddFaults(
      {{"fault", "status"}, {"status", 429}, {"retry_after", 3}, {"count", 1}});
  const auto refused = fleet.caller(0).Call(GetNow(pcap_id));
  ExpectError(refused, absl::StatusCode::kResourceExhausted, "UPSTREAM_RATE_LIMITED");
  EXPECT_GT(ExpectRetryInfo(refused), absl::Seconds(1));
  const absl::Time closed = fleet.Requests().back().at;
  fleet.emulator.AddFaults(
      {{"fault", "latency"}, {"latency_ms", absl::ToInt64Milliseconds(kProbe)}});

  const load::GetsReport report = load::RunGets({.targets = fleet.targets(),
                                                 .captures = {{kAccount, pcap_id}},
                                                 .per_second = 30,
                                                 .duration = kRetryAfter + 3 * kProbe,
                                                 .bypass_every = 1});
  EXPECT_GT(report.all.Count("UPSTREAM_RATE_LIMITED"), 0);
  EXPECT_EQ(report.all.Count("UPSTREAM_RATE_LIMITED") + report.all.ok(), report.all.calls())
      << testing::PrintToString(report.all.outcomes);
  const std::vector<UpstreamRequest> later = fleet.Requests(closed + absl::Milliseconds(1));
  ASSERT_FALSE(later.empty()) << "nobody probed";
  EXPECT_GE(later[0].at, closed + kRetryAfter);
  for (size_t i = 1; i < later.size(); ++i) {
    EXPECT_GE(later[i].at, later[0].at + kProbe) << "a second one before the probe's answer";
  }
  EXPECT_TRUE(Eventually([&] { return fleet.caller(1).Call(GetNow(pcap_id)).status.ok(); }));
}

TEST(FleetLimits, A429ToAnAccountsCreateLeavesAllOthersAlone) {
  Fleet fleet;
  const std::string pcap_id = fleet.Seed("account-1", 1, "running")[0];
  fleet.emulator.AddFaults({{"endpoint", "create_pcap"},
                            {"account", "account-1"},
                            {"fault", "status"},
                            {"status", 429},
                            {"retry_after", 60},
                            {"count", 1}});
  ExpectError(fleet.caller(0).Call(CreateIn("account-1")), absl::StatusCode::kResourceExhausted,
              "UPSTREAM_RATE_LIMITED");
  const int64_t creates = fleet.emulator.Requests("create_pcap");
  for (const int replica : {0, 1, 2}) {
    EXPECT_EQ(fleet.caller(replica).Call(CreateIn("account-1")).Reason(), "UPSTREAM_RATE_LIMITED");
  }
  EXPECT_EQ(fleet.emulator.Requests("create_pcap"), creates);
  for (const int replica : {0, 1, 2}) {
    const auto other = fleet.caller(replica).Call(CreateIn("account-2"));
    EXPECT_TRUE(other.status.ok()) << other.status;
    const auto read = fleet.caller(replica).Call(GetNow(pcap_id));
    EXPECT_TRUE(read.status.ok()) << read.status;
  }
}

// Per second, burst.
constexpr double kRate = 20;
constexpr double kBurst = 40;

load::GetsOptions Offered(const Fleet& fleet, const std::string& account_id,
                          const std::string& pcap_id, double per_second) {
  return {.targets = fleet.targets(),
          .captures = {{account_id, pcap_id}},
          .per_second = per_second,
          .in_flight = 1000,
          .duration = absl::Seconds(3)};
}

TEST(FleetLimits, AnAccountGetsItsRateFromAllReplicasTogetherAndNoMoreWithoutRedis) {
  Fleet fleet({.settings = {{"rate_limit", {{"requests_per_second", kRate}, {"burst", kBurst}}}}});
  const std::string busy = fleet.Seed("busy", 1, "success")[0];
  const std::string quiet = fleet.Seed("quiet", 1, "success")[0];
  load::GetsReport beside;
  std::thread quiet_account([&] { beside = load::RunGets(Offered(fleet, "quiet", quiet, 5)); });
  const load::GetsReport report = load::RunGets(Offered(fleet, "busy", busy, 600));
  quiet_account.join();
  const double due = kBurst + kRate * absl::ToDoubleSeconds(report.took);
  const auto admitted = static_cast<double>(report.all.ok());
  EXPECT_LE(admitted, 1.05 * due);
  // Each replica may keep a lease of 100 ms that nobody asked for any more.
  EXPECT_GE(admitted, 0.95 * due - 3 * kRate / 10);
  EXPECT_EQ(report.all.ok() + report.all.Count("ACCOUNT_RATE_LIMITED"), report.all.calls())
      << testing::PrintToString(report.all.outcomes);
  EXPECT_EQ(beside.all.ok(), beside.all.calls()) << testing::PrintToString(beside.all.outcomes);

  fleet.redis.Kill();
  const load::GetsReport alone = load::RunGets(Offered(fleet, "busy", busy, 600));
  EXPECT_LE(static_cast<double>(alone.all.ok()),
            1.05 * (kBurst + kRate * absl::ToDoubleSeconds(alone.took)));
  EXPECT_GT(alone.all.ok(), 0);
}

}  // namespace
}  // namespace pcaps::integration
