// Watching over a fleet: one poller for all watchers, another one when it dies, and no end missed.
#include <set>

#include "tests/bench/load/watchers.h"
#include "tests/integration/support/fleet.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(500);  // Of polls, see kFleet.

load::WatchersOptions OverAll(const Fleet& fleet, const std::vector<std::string>& pcap_ids,
                              int watchers) {
  load::WatchersOptions options = {.targets = fleet.targets(), .watchers = watchers};
  for (const std::string& id : pcap_ids) options.captures.push_back({kAccount, id});
  return options;
}

// The replica that polled last, of those that asked since then; -1 where none did.
int PollerSince(Fleet& fleet, absl::Time since) {
  const std::vector<UpstreamRequest> requests = fleet.Requests(since);
  return requests.empty() ? -1 : requests.back().replica;
}

void ExpectAllSawTheEnd(const load::Watchers& watchers) {
  for (const load::WatcherRecord& record : watchers.Records()) {
    EXPECT_TRUE(record.SawDone()) << record.capture.pcap_id;
    EXPECT_TRUE(record.finished) << record.capture.pcap_id;
  }
}

TEST(FleetWatch, AllWatchersOfAnAccountCostOnePoller) {
  Fleet fleet;
  load::Watchers watchers(OverAll(fleet, fleet.Seed(kAccount, 10, "running"), 300));
  ASSERT_TRUE(watchers.WaitAttached(kPatience));
  // What comes now is polls alone.
  const absl::Time begin = absl::Now();
  ASSERT_TRUE(Eventually([&] { return fleet.Requests(begin).size() >= 6; }));
  const absl::Duration took = absl::Now() - begin;
  EXPECT_LE(static_cast<double>(fleet.Requests(begin).size()), took / kInterval + 5);
  fleet.Pin(kAccount, "", "success");
  EXPECT_TRUE(watchers.WaitFinished(kPatience));
  ExpectAllSawTheEnd(watchers);
}

TEST(FleetWatch, WhoWatchesAWholeAccountIsToldOfCapturesThatCome) {
  Fleet fleet;
  v1::WatchPcapsRequest request;
  request.set_account_id(kAccount);
  request.mutable_heartbeat_interval()->set_seconds(1);
  auto stream = fleet.caller(0).Open(request);
  v1::WatchEvent event;
  ASSERT_TRUE(stream.Read(&event)) << "the snapshot is empty";
  const std::string id = fleet.Seed(kAccount, 1, "running").at(0);
  const absl::Time deadline = absl::Now() + kPatience;
  while (event.pcap().id() != id && absl::Now() < deadline && stream.Read(&event)) {
  }
  EXPECT_EQ(event.pcap().id(), id);
  stream.Cancel();
}

TEST(FleetWatch, WhenThePollerIsKilledAnotherGoesOnAndNoWatcherMissesTheEnd) {
  Fleet fleet;
  load::Watchers watchers(OverAll(fleet, fleet.Seed(kAccount, 10, "running"), 300));
  ASSERT_TRUE(watchers.WaitAttached(kPatience));
  const absl::Time begin = absl::Now();
  ASSERT_TRUE(Eventually([&] { return PollerSince(fleet, begin) >= 0; }));
  const int killed = PollerSince(fleet, begin);
  fleet.gateway(killed).Kill();
  const absl::Time kill = absl::Now();
  EXPECT_TRUE(Eventually([&] {
    const int poller = PollerSince(fleet, kill);
    return poller >= 0 && poller != killed;
  }));
  EXPECT_TRUE(watchers.WaitAttached(kPatience));
  fleet.Pin(kAccount, "", "success");
  EXPECT_TRUE(watchers.WaitFinished(kPatience));
  ExpectAllSawTheEnd(watchers);
  for (const load::WatcherRecord& record : watchers.Records()) {
    for (const load::Break& each : record.breaks) {
      EXPECT_EQ(static_cast<int>(each.target), killed) << each.outcome;
    }
  }
}

TEST(FleetWatch, WhatAnyReplicaReadsReachesTheWatchersOfAllBeforeTheNextPoll) {
  Fleet fleet(
      {.settings = {{"watch", {{"min_poll_interval", "60s"}, {"max_poll_interval", "60s"}}}}});
  const std::vector<std::string> ids = fleet.Seed(kAccount, 1, "running");
  load::Watchers watchers(OverAll(fleet, ids, 30));
  ASSERT_TRUE(watchers.WaitAttached(kPatience));
  fleet.Pin(kAccount, "", "success");
  v1::GetPcapRequest now = GetRequest(ids[0]);
  now.mutable_max_age()->set_seconds(0);
  EXPECT_TRUE(fleet.caller(1).Call(now).response.done());
  EXPECT_TRUE(watchers.WaitFinished(kPatience));
  ExpectAllSawTheEnd(watchers);
}

TEST(FleetWatch, WithoutRedisEveryReplicaGoesOnAlone) {
  Fleet fleet;
  load::Watchers watchers(OverAll(fleet, fleet.Seed(kAccount, 3, "running"), 30));
  ASSERT_TRUE(watchers.WaitAttached(kPatience));
  fleet.redis.Kill();
  const absl::Time kill = absl::Now();
  EXPECT_TRUE(Eventually([&] {
    std::set<int> pollers;
    for (const UpstreamRequest& each : fleet.Requests(kill)) pollers.insert(each.replica);
    return pollers.size() == 3;
  }));
  fleet.Pin(kAccount, "", "success");
  EXPECT_TRUE(watchers.WaitFinished(kPatience));
  ExpectAllSawTheEnd(watchers);
  for (const load::WatcherRecord& record : watchers.Records()) EXPECT_TRUE(record.breaks.empty());
}

}  // namespace
}  // namespace pcaps::integration
