// What many readers of a fleet cost the upstream, and what they see of each other's captures.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/base/sha256.h"
#include "tests/bench/load/downloads.h"
#include "tests/bench/load/gets.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

v1::GetPcapRequest Get(const std::string& account_id, const std::string& pcap_id) {
  v1::GetPcapRequest request;
  request.set_account_id(account_id);
  request.set_pcap_id(pcap_id);
  return request;
}

// Long enough for all calls to arrive while the first one is answered.
json::object Slowly(const char* endpoint) {
  return {{"endpoint", endpoint}, {"fault", "latency"}, {"latency_ms", 1000}};
}

TEST(FleetReads, ManyReadersOfOneColdCaptureCostAnUpstreamCallAReplicaAtMost) {
  Fleet fleet;
  const std::string pcap_id = fleet.Seed(kAccount, 1, "running")[0];
  fleet.emulator.AddFaults(Slowly("get_pcap"));
  const load::GetsReport report = load::RunGets({.targets = fleet.targets(),
                                                 .captures = {{kAccount, pcap_id}},
                                                 .in_flight = 300,
                                                 .calls = 300});
  EXPECT_EQ(report.all.ok(), 300) << testing::PrintToString(report.all.outcomes);
  EXPECT_GE(fleet.emulator.Requests(), 1);
  EXPECT_LE(fleet.emulator.Requests(), 3);
}

TEST(FleetReads, WhatOneReplicaReadIsAHitAtEveryOther) {
  Fleet fleet;
  const std::string pcap_id = fleet.Seed(kAccount, 1, "success")[0];
  const auto first = fleet.caller(0).Call(GetRequest(pcap_id));
  EXPECT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(first.Header("pcaps-cache"), "miss");
  // It is told to the others without the caller waiting for that, who would ask the upstream
  // themselves now: so the state is looked at first.
  ASSERT_TRUE(Eventually([&] {
    return !fleet.redis.Command({"--raw", "KEYS", absl::StrCat("*", pcap_id, "*")}).empty();
  }));
  for (const int replica : {0, 1, 2}) {
    const auto again = fleet.caller(replica).Call(GetRequest(pcap_id));
    EXPECT_TRUE(again.status.ok()) << again.status;
    EXPECT_EQ(again.Header("pcaps-cache"), "hit") << replica;
    EXPECT_TRUE(again.response.done());
  }
  EXPECT_EQ(fleet.emulator.Requests(), 1);
}

TEST(FleetReads, ManyDownloadsOfOneCaptureCostAnUpstreamCallAReplicaAtMost) {
  Fleet fleet;
  const std::string pcap_id = fleet.Seed(kAccount, 1, "success")[0];
  const std::string file = fleet.emulator.Download(kAccount, pcap_id);
  fleet.emulator.AddFaults(Slowly("download_pcap"));
  const int64_t before = fleet.emulator.Requests("download_pcap");
  const load::DownloadsReport report = load::RunDownloads(
      {.targets = fleet.targets(), .account_id = kAccount, .pcap_id = pcap_id, .readers = 60});
  EXPECT_EQ(report.outcomes, (std::map<std::string, int64_t>{{"OK", 60}}));
  EXPECT_EQ(report.sha256, std::set<std::string>{absl::BytesToHexString(Sha256::Of(file))});
  EXPECT_LE(fleet.emulator.Requests("download_pcap") - before, 3);
}

TEST(FleetReads, AccountsWithTheSameCaptureIdNeverSeeEachOther) {
  Fleet fleet;
  const std::string pcap_id(32, 'c');
  fleet.SeedNamed("account-1", pcap_id, "running");
  fleet.SeedNamed("account-2", pcap_id, "success");
  for (const int replica : {0, 1, 2, 0}) {
    Caller& caller = fleet.caller(replica);
    const auto first = caller.Call(Get("account-1", pcap_id));
    EXPECT_EQ(first.response.account_id(), "account-1") << first.status;
    EXPECT_EQ(first.response.status(), v1::Pcap::STATUS_RUNNING);
    const auto second = caller.Call(Get("account-2", pcap_id));
    EXPECT_EQ(second.response.account_id(), "account-2") << second.status;
    EXPECT_EQ(second.response.status(), v1::Pcap::STATUS_SUCCESS);
    ExpectError(caller.Call(Get("account-3", pcap_id)), absl::StatusCode::kNotFound,
                "CAPTURE_NOT_FOUND");
  }
}

TEST(FleetReads, IdsThatDifferInCaseAreDifferent) {
  Fleet fleet;
  const std::string lower(32, 'd');
  const std::string upper(32, 'D');
  fleet.SeedNamed(kAccount, lower, "running");
  fleet.SeedNamed(kAccount, upper, "success");
  for (const int replica : {0, 1, 0}) {
    const auto small = fleet.caller(replica).Call(GetRequest(lower));
    EXPECT_EQ(small.response.id(), lower) << small.status;
    EXPECT_EQ(small.response.status(), v1::Pcap::STATUS_RUNNING);
    const auto large = fleet.caller(replica).Call(GetRequest(upper));
    EXPECT_EQ(large.response.id(), upper) << large.status;
    EXPECT_EQ(large.response.status(), v1::Pcap::STATUS_SUCCESS);
  }
}

// The keys in Redis that name the capture.
std::vector<std::string> KeysOf(Fleet& fleet, const std::string& pcap_id) {
  std::vector<std::string> keys;
  EXPECT_TRUE(Eventually([&] {
    const std::string lines =
        fleet.redis.Command({"--raw", "KEYS", absl::StrCat("*", pcap_id, "*")});
    keys = absl::StrSplit(lines, '\n', absl::SkipEmpty());
    return !keys.empty();
  }));
  return keys;
}

TEST(FleetReads, ForeignValuesInRedisAreMisses) {
  Fleet fleet;
  const std::vector<std::string> ids = fleet.Seed(kAccount, 3, "success");
  for (const std::string& id : ids) EXPECT_TRUE(fleet.caller(0).Call(GetRequest(id)).status.ok());
  // Something else; something of another type; another capture.
  for (const std::string& key : KeysOf(fleet, ids[0])) {
    fleet.redis.Command({"DEL", key});
    fleet.redis.Command({"SET", key, "not ours"});
  }
  for (const std::string& key : KeysOf(fleet, ids[1])) {
    fleet.redis.Command({"DEL", key});
    fleet.redis.Command({"RPUSH", key, "not", "ours"});
  }
  const std::vector<std::string> from = KeysOf(fleet, ids[0]);
  const v1::Pcap other = fleet.caller(0).Call(GetRequest(ids[0])).response;
  EXPECT_EQ(other.id(), ids[0]);
  const std::string good = fleet.Seed(kAccount, 1, "running")[0];
  EXPECT_TRUE(fleet.caller(0).Call(GetRequest(good)).status.ok());
  const std::vector<std::string> good_keys = KeysOf(fleet, good);
  const std::vector<std::string> bad_keys = KeysOf(fleet, ids[2]);
  ASSERT_EQ(good_keys.size(), bad_keys.size());
  for (size_t i = 0; i < good_keys.size(); ++i) {
    fleet.redis.Command({"COPY", good_keys[i], bad_keys[i], "REPLACE"});
  }
  fleet.gateway(1).Kill();
  fleet.gateway(1).Restart();  // One that has not heard of them.
  Caller caller(fleet.gateway(1));
  for (const std::string& id : ids) {
    const auto got = caller.Call(GetRequest(id));
    EXPECT_TRUE(got.status.ok()) << got.status;
    EXPECT_EQ(got.Header("pcaps-cache"), "miss");
    EXPECT_EQ(got.response.id(), id);
    EXPECT_EQ(got.response.status(), v1::Pcap::STATUS_SUCCESS);
  }
}

}  // namespace
}  // namespace pcaps::integration
