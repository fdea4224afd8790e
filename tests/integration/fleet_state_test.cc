// A Redis in trouble: what can be had without it is had, and it is used again when it is back.
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/bench/load/gets.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

// Whether replica 1 answers a hit for what replica 0 has just read: they share a state then.
bool Shared(Fleet& fleet) {
  const std::string pcap_id = fleet.Seed(kAccount, 1, "success")[0];
  EXPECT_TRUE(fleet.caller(0).Call(GetRequest(pcap_id)).status.ok());
  // Replica 0 does not let its caller wait until the others are told.
  absl::SleepFor(absl::Milliseconds(50));
  const auto second = fleet.caller(1).Call(GetRequest(pcap_id));
  EXPECT_TRUE(second.status.ok()) << second.status;
  return second.Header("pcaps-cache") == "hit";
}

// The lines of its log that warn of Redis.
std::vector<std::string> Warnings(const Gateway& gateway) {
  std::vector<std::string> warnings;
  for (const boost::json::object& line : gateway.Log()) {
    const std::string text = boost::json::serialize(line);
    const bool warns =
        line.at("level") == "warn" || line.at("level") == "warning" || line.at("level") == "error";
    if (warns && absl::StrContains(absl::AsciiStrToLower(text), "redis")) warnings.push_back(text);
  }
  return warnings;
}

TEST(FleetState, WithoutRedisAGatewayStartsSaysSoOnceServesAndJoinsLater) {
  Fleet fleet({.replicas = 2, .redis_runs = false});
  for (const int replica : {0, 1, 0, 1}) {
    const std::string pcap_id = fleet.Seed(kAccount, 1, "running")[0];
    const auto got = fleet.caller(replica).Call(GetRequest(pcap_id));
    EXPECT_TRUE(got.status.ok()) << got.status;
  }
  EXPECT_EQ(Warnings(fleet.gateway(0)).size(), 1u)
      << testing::PrintToString(Warnings(fleet.gateway(0)));
  fleet.redis.Start();
  EXPECT_TRUE(Eventually([&] { return Shared(fleet); }));
}

// What befalls a Redis under load, for a second.
struct Trouble {
  const char* name;
  void (*begin)(Redis&);
  void (*end)(Redis&);
};

class FleetTrouble : public testing::TestWithParam<Trouble> {};

TEST_P(FleetTrouble, NoReadFailsAndTheStateIsSharedAgainAfterwards) {
  // The state may take as long as it does where nobody set anything.
  Fleet fleet({.settings = {{"state", {{"command_timeout", "50ms"}}}}});
  std::vector<load::NamedCapture> captures;
  for (const std::string& id : fleet.Seed(kAccount, 20, "running")) {
    captures.push_back({kAccount, id});
  }
  load::GetsOptions options;
  options.targets = fleet.targets();
  options.captures = captures;
  options.per_second = 100;
  options.in_flight = 1000;
  options.duration = absl::Seconds(3);
  options.bypass_every = 4;
  load::GetsReport report;
  std::thread readers([&] { report = load::RunGets(options); });
  absl::SleepFor(absl::Seconds(1));
  GetParam().begin(fleet.redis);
  absl::SleepFor(absl::Seconds(1));
  GetParam().end(fleet.redis);
  readers.join();
  EXPECT_EQ(report.all.ok(), report.all.calls()) << testing::PrintToString(report.all.outcomes);
  EXPECT_GT(report.all.calls(), 100);
  EXPECT_EQ(report.went_back, 0);
  EXPECT_TRUE(Eventually([&] { return Shared(fleet); }));
}

INSTANTIATE_TEST_SUITE_P(
    All, FleetTrouble,
    testing::Values(
        Trouble{"Killed", [](Redis& redis) { redis.Kill(); }, [](Redis& redis) { redis.Start(); }},
        Trouble{"Stopped", [](Redis& redis) { redis.Pause(); },
                [](Redis& redis) { redis.Resume(); }},
        Trouble{"Flushed", [](Redis& redis) { redis.Command({"FLUSHALL"}); }, [](Redis&) {}},
        Trouble{"Full", [](Redis& redis) { redis.Command({"CONFIG", "SET", "maxmemory", "1"}); },
                [](Redis& redis) { redis.Command({"CONFIG", "SET", "maxmemory", "0"}); }}),
    [](const auto& trouble) { return trouble.param.name; });

}  // namespace
}  // namespace pcaps::integration
