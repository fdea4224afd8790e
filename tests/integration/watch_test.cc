// Watches: snapshots, heartbeats, what many watchers cost, removal, an upstream that is down.
#include <set>

#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using Events = OpenStream<v1::WatchEvent>;

v1::WatchPcapsRequest AllRequest(const std::vector<std::string>& ids = {}) {
  v1::WatchPcapsRequest request;
  request.set_account_id(kAccount);
  for (const std::string& id : ids) request.add_pcap_ids(id);
  return request;
}

template <typename Request>
Request EverySecond(Request request) {
  request.mutable_heartbeat_interval()->set_seconds(1);
  return request;
}

// The ids of the captures before the first heartbeat.
std::multiset<std::string> ReadSnapshot(Events& events) {
  std::multiset<std::string> ids;
  v1::WatchEvent event;
  while (events.Read(&event)) {
    if (event.has_heartbeat()) return ids;
    ids.insert(event.pcap().id());
  }
  ADD_FAILURE() << "ended before its snapshot was complete: " << events.Finish().status;
  return ids;
}

TEST(Watch, OfADoneCaptureShowsItAndEndsOk) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  const auto watch = world.caller.Call(WatchRequest(pcap.id()));
  EXPECT_TRUE(watch.status.ok()) << watch.status;
  ASSERT_EQ(watch.messages.size(), 1u);
  EXPECT_EQ(watch.messages[0].pcap().status(), v1::Pcap::STATUS_SUCCESS);
}

TEST(Watch, OfAnUnknownCaptureIsNotFoundWithoutAnyEvent) {
  World world;
  const auto watch = world.caller.Call(WatchRequest("no-such-capture"));
  ExpectError(watch, absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND");
  EXPECT_TRUE(watch.messages.empty());
}

TEST(Watch, OfSeveralSendsASnapshotThenTheHeartbeatThatCompletesIt) {
  World world;
  std::multiset<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    const v1::Pcap pcap = world.CreateSimple();
    world.PinStatus(pcap, "running");
    ids.insert(pcap.id());
  }
  Events all = world.caller.Open(AllRequest());
  EXPECT_EQ(ReadSnapshot(all), ids);
  Events named = world.caller.Open(AllRequest({*ids.begin(), *ids.rbegin()}));
  EXPECT_EQ(ReadSnapshot(named), (std::multiset<std::string>{*ids.begin(), *ids.rbegin()}));
}

TEST(Watch, OfAnEmptyAccountIsCompleteAtOnceAndShowsWhatComesLater) {
  World world;
  Events all = world.caller.Open(AllRequest());
  EXPECT_TRUE(ReadSnapshot(all).empty());
  const v1::Pcap pcap = world.CreateSimple();
  v1::WatchEvent event;
  while (event.pcap().id() != pcap.id()) ASSERT_TRUE(all.Read(&event));
}

TEST(Watch, OfSeveralNamedEndsOkWhenAllAreDone) {
  World world;
  const v1::Pcap done = world.CreateDone();
  const v1::Pcap open = world.CreateSimple();
  world.PinStatus(open, "running");
  Events named = world.caller.Open(AllRequest({done.id(), open.id()}));
  EXPECT_EQ(ReadSnapshot(named).size(), 2u);
  world.PinStatus(open, "failed");
  std::vector<v1::WatchEvent> rest;
  for (v1::WatchEvent event; named.Read(&event);) rest.push_back(event);
  EXPECT_TRUE(named.Finish().status.ok());
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].pcap().id(), open.id());
  EXPECT_EQ(rest[0].pcap().status(), v1::Pcap::STATUS_FAILED);
}

TEST(Watch, ManyWatchersOfACaptureCostOnePoller) {
  constexpr int kWatchers = 20;
  constexpr int kPolls = 8;
  constexpr absl::Duration kPollInterval = absl::Milliseconds(50);  // As in gateway.cc.
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  std::vector<Events> watchers;
  const absl::Time start = absl::Now();
  for (int i = 0; i < kWatchers; ++i) {
    watchers.push_back(world.caller.Open(WatchRequest(pcap.id())));
    v1::WatchEvent event;
    ASSERT_TRUE(watchers.back().Read(&event));
  }
  int64_t polls = 0;
  EXPECT_TRUE(Eventually([&] {
    polls = world.emulator.Requests("get_pcap");
    return polls >= kPolls;
  }));
  EXPECT_LE(polls, (absl::Now() - start) / kPollInterval + 2);

  world.PinStatus(pcap, "success");
  for (Events& watcher : watchers) {
    v1::WatchEvent last;
    for (v1::WatchEvent event; watcher.Read(&event);) last = event;
    EXPECT_TRUE(watcher.Finish().status.ok());
    EXPECT_EQ(last.pcap().status(), v1::Pcap::STATUS_SUCCESS);
  }
}

// Opens and leaves a watch; the gateway, too, has seen that it is over.
void WatchAndLeave(World& world, const v1::Pcap& pcap) {
  {
    Events watch = world.caller.Open(WatchRequest(pcap.id()), {{"request-id", "watcher"}});
    v1::WatchEvent event;
    ASSERT_TRUE(watch.Read(&event));
  }
  ASSERT_FALSE(world.gateway.WaitForRpc("watcher").empty());
}

// Waits until captures were polled so often, one by one.
void AwaitPolls(World& world, int64_t polls) {
  const int64_t before = world.emulator.Requests("get_pcap");
  EXPECT_TRUE(Eventually([&] { return world.emulator.Requests("get_pcap") >= before + polls; }));
}

TEST(Watch, WithoutWatchersNothingIsPolled) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  WatchAndLeave(world, pcap);
  const auto requests = [&world] {
    const json::object of_account =
        world.emulator.Stats()["accounts"].as_object().at(kAccount).as_object();
    int64_t all = 0;
    for (const auto& [endpoint, count] : of_account) all += count.to_number<int64_t>();
    return all;
  };
  const int64_t before = requests();
  // A watch of another account's capture proves that time for several polls has passed.
  v1::WatchPcapRequest other = WatchRequest(world.emulator.Seed("account-2", 1, "running")[0]);
  other.set_account_id("account-2");
  Events probe = world.caller.Open(other);
  AwaitPolls(world, 5);
  EXPECT_EQ(requests(), before);
}

TEST(Watch, CaptureWithoutWatchersIsSoonPolledNoMoreThoughItsAccountIsWatched) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  const v1::Pcap other = world.CreateSimple();
  for (const v1::Pcap& each : {pcap, other}) world.PinStatus(each, "running");
  WatchAndLeave(world, pcap);
  Events probe = world.caller.Open(WatchRequest(other.id()));
  // Polled alone the other capture costs GETs; were both polled, it would be LISTs.
  EXPECT_TRUE(Eventually([&world] {
    const int64_t lists = world.emulator.Requests("list_pcaps");
    AwaitPolls(world, 3);
    return world.emulator.Requests("list_pcaps") == lists;
  }));
  EXPECT_LE(world.emulator.Requests("list_pcaps"), 4);  // What is wanted, is for two intervals.
}

TEST(Watch, CaptureThatIsForgottenEndsItsWatchesAsRemoved) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  Events one = world.caller.Open(WatchRequest(pcap.id()));
  Events named = world.caller.Open(AllRequest({pcap.id()}));
  v1::WatchEvent event;
  ASSERT_TRUE(one.Read(&event));
  EXPECT_EQ(ReadSnapshot(named).size(), 1u);

  world.emulator.Reset();
  while (one.Read(&event)) {
  }
  EXPECT_EQ(event.removed_pcap_id(), pcap.id());
  ExpectError(one.Finish(), absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND");
  while (named.Read(&event)) {
  }
  EXPECT_EQ(event.removed_pcap_id(), pcap.id());
  EXPECT_TRUE(named.Finish().status.ok());
}

TEST(Watch, HeartbeatComesAfterAnIntervalWithoutNews) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  const absl::Time start = absl::Now();
  Events watch = world.caller.Open(EverySecond(WatchRequest(pcap.id())));
  v1::WatchEvent event;
  ASSERT_TRUE(watch.Read(&event));
  EXPECT_TRUE(event.has_pcap());
  ASSERT_TRUE(watch.Read(&event));
  // The first may come up to half an interval early, so that many watchers' do not come at once.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(500));
  EXPECT_TRUE(event.has_heartbeat());
  const absl::Time first = absl::Now();
  ASSERT_TRUE(watch.Read(&event));
  EXPECT_GE(absl::Now() - first, absl::Milliseconds(900));  // Seen by a busy machine, too.
  EXPECT_TRUE(event.has_heartbeat());
  EXPECT_FALSE(event.heartbeat().stale());
  EXPECT_TRUE(event.heartbeat().has_observed_time());
}

TEST(Watch, StaleHeartbeatsTellOfAnUpstreamThatIsDownAndItsReturnShowsTheEnd) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  Events watch = world.caller.Open(EverySecond(WatchRequest(pcap.id())));
  v1::WatchEvent event;
  ASSERT_TRUE(watch.Read(&event));
  world.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "status"}, {"status", 500}});
  while (!event.heartbeat().stale()) ASSERT_TRUE(watch.Read(&event));

  world.PinStatus(pcap, "success");
  world.emulator.ClearFaults();
  while (watch.Read(&event)) {
  }
  EXPECT_TRUE(watch.Finish().status.ok());
  EXPECT_EQ(event.pcap().status(), v1::Pcap::STATUS_SUCCESS);
}

TEST(Watch, ExpiresAfterItsLongestDurationAndSaysToComeAgain) {
  World world({{"watch", {{"max_duration", "1s"}}}});
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  const absl::Time start = absl::Now();
  const auto watch = world.caller.Call(WatchRequest(pcap.id()));
  ExpectError(watch, absl::StatusCode::kUnavailable, "STREAM_EXPIRED");
  EXPECT_GT(ExpectRetryInfo(watch), absl::ZeroDuration());
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(800));  // 1 s +-20%.
  ASSERT_FALSE(watch.messages.empty());
  EXPECT_EQ(watch.messages[0].pcap().id(), pcap.id());
}

TEST(Watch, AboveTheLimitsIsOverloaded) {
  World world({{"watch", {{"max_streams", 2}, {"max_streams_per_account", 1}}}});
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  Events first = world.caller.Open(WatchRequest(pcap.id()));
  v1::WatchEvent event;
  ASSERT_TRUE(first.Read(&event));
  const auto same_account = world.caller.Call(WatchRequest(pcap.id()));
  ExpectError(same_account, absl::StatusCode::kResourceExhausted, "OVERLOADED");
  EXPECT_GT(ExpectRetryInfo(same_account), absl::ZeroDuration());

  Events second = world.caller.Open(Text<v1::WatchPcapsRequest>("account_id: 'account-2'"));
  ASSERT_TRUE(second.Read(&event));
  ExpectError(world.caller.Call(Text<v1::WatchPcapsRequest>("account_id: 'account-3'")),
              absl::StatusCode::kResourceExhausted, "OVERLOADED");
}

}  // namespace
}  // namespace pcaps::integration
