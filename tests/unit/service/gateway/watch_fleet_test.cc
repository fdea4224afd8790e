// Watching over three replicas that share one state and one upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/gateway/pcap_cache.h"
#include "service/gateway/watch_hub.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/shared_memory.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::Duration kPoll = absl::Seconds(2);
constexpr auto kPending = v1::Pcap::STATUS_PENDING;
constexpr auto kRunning = v1::Pcap::STATUS_RUNNING;
constexpr auto kSuccess = v1::Pcap::STATUS_SUCCESS;

struct Replica {
  Replica(const std::string& name, MemoryState& memory, SharedNews& news, Clock& clock)
      : state(loop.get_executor(), memory, news),
        api(clock),
        cache(loop.get_executor(), state, clock, PcapCacheOptions()),
        hub(
            loop.get_executor(), api, cache, state, clock, [] { return 0.0; },
            WatchOptions{kPoll, absl::Seconds(15), absl::Seconds(20), 1000, 1000, 1000, name}) {}

  boost::asio::io_context loop;
  ReplicaState state;
  FakePcapsApi api;  // Its own view of the upstream.
  PcapCache cache;
  WatchHub hub;
  bool killed = false;
};

class WatchFleetTest : public testing::Test {
 protected:
  WatchFleetTest() {
    for (const char* name : {"a", "b", "c"}) {
      replicas_.push_back(std::make_unique<Replica>(name, memory_, news_, clock_));
    }
    Settle();
  }

  Replica& replica(int i) { return *replicas_[i]; }

  void Put(const std::string& id, v1::Pcap::Status status) {
    for (const auto& each : replicas_) each->api.Put("acct", id, status);
  }

  std::unique_ptr<Watcher> Watch(int i, std::set<std::string> ids) {
    auto watcher = replica(i).hub.Watch("acct", std::move(ids));
    EXPECT_TRUE(watcher.ok()) << watcher.status();
    return *std::move(watcher);
  }

  // Until all replicas that live have nothing to do.
  void Settle() {
    for (bool busy = true; busy;) {
      busy = control_.poll() > 0;
      control_.restart();
      for (const auto& each : replicas_) {
        if (each->killed) continue;
        each->loop.restart();
        busy = each->loop.poll() > 0 || busy;
      }
    }
  }
  // In steps, so that nothing is late.
  void Pass(absl::Duration time) {
    for (const absl::Time end = clock_.Now() + time; clock_.Now() < end;) {
      clock_.Advance(absl::Milliseconds(250));
      Settle();
    }
  }

  int Reads() const {
    int reads = 0;
    for (const auto& each : replicas_) reads += each->api.reads();
    return reads;
  }
  int Pollers(const std::vector<int>& before) const {
    int pollers = 0;
    for (size_t i = 0; i < replicas_.size(); ++i) {
      if (replicas_[i]->api.reads() > before[i]) ++pollers;
    }
    return pollers;
  }
  std::vector<int> ReadsOfEach() const {
    std::vector<int> reads;
    for (const auto& each : replicas_) reads.push_back(each->api.reads());
    return reads;
  }
  // Which replica has polled since.
  int PollerSince(const std::vector<int>& before) const {
    for (size_t i = 0; i < replicas_.size(); ++i) {
      if (replicas_[i]->api.reads() > before[i]) return static_cast<int>(i);
    }
    return -1;
  }

  // As in watch_hub_test.
  std::vector<std::string> Told(int i, Watcher& watcher) {
    std::vector<std::string> told;
    while (true) {
      std::optional<absl::StatusOr<std::optional<v1::WatchEvent>>> next;
      Spawn(replica(i).loop.get_executor(), {}, watcher.Next(clock_.Now()),
            [&](absl::StatusOr<std::optional<v1::WatchEvent>> got) { next = std::move(got); });
      Settle();
      if (!next->ok()) {
        told.push_back(ReasonName(ReasonOf(next->status())));
        return told;
      }
      if (!(*next)->has_value()) return told;
      const v1::WatchEvent& event = ***next;
      told.push_back(event.has_pcap() ? absl::StrCat(event.pcap().id(), "=", event.pcap().status())
                                      : absl::StrCat("-", event.removed_pcap_id()));
    }
  }

  boost::asio::io_context control_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  MemoryState memory_{control_.get_executor(), clock_};
  SharedNews news_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

TEST_F(WatchFleetTest, OneReplicaPollsAndAllWatchersLearnEachState) {
  Put("x", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {"x"}));
  Settle();
  Pass(absl::Seconds(1));
  EXPECT_EQ(Reads(), 1) << "one first read in the fleet";
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Told(i, *watchers[i]), ElementsAre(absl::StrCat("x=", kPending)));
  }
  const std::vector<int> before = ReadsOfEach();
  Pass(absl::Seconds(18));
  EXPECT_EQ(Pollers(before), 1);
  EXPECT_LE(Reads(), 1 + 9);
  EXPECT_GE(Reads(), 1 + 8);
  Put("x", kSuccess);
  Pass(kPoll + absl::Seconds(1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Told(i, *watchers[i]), ElementsAre(absl::StrCat("x=", kSuccess)));
    EXPECT_TRUE(watchers[i]->AllDone());
    EXPECT_FALSE(watchers[i]->MakeHeartbeat().stale());
  }
}

TEST_F(WatchFleetTest, FiftyUnseenCapturesOfThreeReplicasCostOneList) {
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int n = 0; n < 50; ++n) Put(absl::StrCat("x", n), kPending);
  for (auto& each : replicas_) each->api.read_duration = absl::Seconds(1);
  for (int n = 0; n < 50; ++n) {
    for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {absl::StrCat("x", n)}));
  }
  Pass(absl::Milliseconds(1750));
  EXPECT_EQ(Reads(), 1);
  for (const auto& watcher : watchers) EXPECT_TRUE(watcher->SnapshotComplete());
}

TEST_F(WatchFleetTest, EachReplicasCapturesArePolledByWhoeverHasTheTurn) {
  Put("x", kPending);
  Put("y", kPending);
  const auto x = Watch(0, {"x"});
  const auto y = Watch(1, {"y"});
  Pass(kPoll);
  EXPECT_THAT(Told(0, *x), testing::SizeIs(1));
  EXPECT_THAT(Told(1, *y), testing::SizeIs(1));
  const std::vector<int> before = ReadsOfEach();
  Put("x", kSuccess);
  Put("y", kSuccess);
  Pass(kPoll + absl::Seconds(1));
  EXPECT_EQ(Pollers(before), 1);
  EXPECT_THAT(Told(0, *x), ElementsAre(absl::StrCat("x=", kSuccess)));
  EXPECT_THAT(Told(1, *y), ElementsAre(absl::StrCat("y=", kSuccess)));
}

TEST_F(WatchFleetTest, AKilledPollerIsReplacedWithinThreeIntervals) {
  Put("x", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {"x"}));
  Pass(kPoll);
  std::vector<int> before = ReadsOfEach();
  Pass(2 * kPoll);
  const int poller = PollerSince(before);
  ASSERT_GE(poller, 0);
  replica(poller).killed = true;
  Put("x", kSuccess);
  Pass(3 * kPoll);
  for (int i = 0; i < 3; ++i) {
    if (i == poller) continue;
    EXPECT_THAT(Told(i, *watchers[i]), testing::Contains(absl::StrCat("x=", kSuccess)));
  }
}

TEST_F(WatchFleetTest, LostMessagesNeverLoseAnEnd) {
  Put("x", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {"x"}));
  Pass(kPoll);
  for (auto& each : replicas_) each->state.loses_messages = true;
  const std::vector<int> before = ReadsOfEach();
  Put("x", kSuccess);
  Pass(4 * kPoll);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Told(i, *watchers[i]), testing::Contains(absl::StrCat("x=", kSuccess)));
  }
  EXPECT_EQ(Pollers(before), 1) << "the others read it from the state";
}

TEST_F(WatchFleetTest, AfterAGapWhatIsWatchedIsReadAtOnce) {
  Put("x", kPending);
  const auto here = Watch(0, {"x"});
  Pass(absl::Milliseconds(250));
  const auto there = Watch(1, {"x"});
  Pass(absl::Milliseconds(250));
  Told(1, *there);
  replica(0).state.loses_messages = true;
  Put("x", kSuccess);
  v1::Pcap done = replica(0).api.captures[{"acct", "x"}];
  *done.mutable_observed_time() = ToTimestamp(clock_.Now());
  replica(0).cache.Observe(Seen(done));
  Settle();
  EXPECT_THAT(Told(1, *there), IsEmpty());
  replica(1).state.on_gap();
  Settle();
  EXPECT_THAT(Told(1, *there), ElementsAre(absl::StrCat("x=", kSuccess)));
}

TEST_F(WatchFleetTest, WithoutTheStateEachPollsForItself) {
  Put("x", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (auto& each : replicas_) each->state.down = true;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {"x"}));
  Pass(kPoll);
  const std::vector<int> before = ReadsOfEach();
  Put("x", kSuccess);
  Pass(kPoll + absl::Seconds(1));
  EXPECT_EQ(Pollers(before), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Told(i, *watchers[i]), testing::Contains(absl::StrCat("x=", kSuccess)));
  }
}

TEST_F(WatchFleetTest, AReplicaThatFailsTwiceLeavesTheTurnToOthers) {
  Put("x", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {"x"}));
  Pass(kPoll);
  std::vector<int> before = ReadsOfEach();
  Pass(kPoll);
  const int poller = PollerSince(before);
  ASSERT_GE(poller, 0);
  replica(poller).api.next_error =
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, "");
  Put("x", kSuccess);
  Pass(absl::Seconds(12));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Told(i, *watchers[i]), testing::Contains(absl::StrCat("x=", kSuccess)));
  }
}

TEST_F(WatchFleetTest, ARefusalIsWaitedOutByNewcomersToo) {
  Put("x", kPending);
  for (auto& each : replicas_) {
    each->api.next_error = WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted,
                                                    v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED, ""),
                                          absl::Seconds(3));
  }
  const auto watcher = Watch(0, {"x"});
  Pass(absl::Seconds(10));
  EXPECT_THAT(Told(0, *watcher), IsEmpty());
  EXPECT_LE(Reads(), 4);
  for (auto& each : replicas_) each->api.next_error = absl::OkStatus();
  Pass(absl::Seconds(3));
  EXPECT_THAT(Told(0, *watcher), ElementsAre(absl::StrCat("x=", kPending)));
}

TEST_F(WatchFleetTest, ARefusalThatLastsEndsNewcomersThatHaveNothingToBeShown) {
  Put("x", kPending);
  replica(0).api.next_error =
      WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted,
                               v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED, ""),
                     absl::Seconds(3));
  v1::Pcap old = replica(0).api.captures[{"acct", "x"}];
  *old.mutable_observed_time() = ToTimestamp(clock_.Now());
  replica(0).cache.Observe(Seen(old));
  Pass(absl::Seconds(60));
  const auto stale = Watch(0, {"x"});
  const auto unknown = Watch(0, {"y"});
  Pass(absl::Seconds(19));
  EXPECT_THAT(Told(0, *stale), IsEmpty());
  Pass(absl::Seconds(4));
  EXPECT_THAT(Told(0, *stale), ElementsAre(absl::StrCat("x=", kPending)));
  EXPECT_TRUE(stale->MakeHeartbeat().stale());
  EXPECT_THAT(Told(0, *unknown), ElementsAre("UPSTREAM_BUDGET_EXHAUSTED"));
}

TEST_F(WatchFleetTest, WholeAccountsAreWatchedFromEveryReplicaWithOneListAnInterval) {
  Put("x", kSuccess);
  Put("y", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {}));
  Pass(absl::Milliseconds(500));
  EXPECT_EQ(Reads(), 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(watchers[i]->SnapshotComplete());
    EXPECT_THAT(Told(i, *watchers[i]), testing::UnorderedElementsAre(absl::StrCat("x=", kSuccess),
                                                                     absl::StrCat("y=", kPending)));
  }
  for (auto& each : replicas_) each->state.loses_messages = true;
  const std::vector<int> before = ReadsOfEach();
  Put("z", kPending);
  for (auto& each : replicas_) each->api.captures.erase({"acct", "y"});
  Pass(4 * kPoll);
  EXPECT_EQ(Pollers(before), 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Told(i, *watchers[i]),
                testing::UnorderedElementsAre("-y", absl::StrCat("z=", kPending)));
  }
}

TEST_F(WatchFleetTest, ObservationsInAnyOrderNeverTakeAWatcherBack) {
  Put("x", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 3; ++i) watchers.push_back(Watch(i, {"x"}));
  Pass(kPoll);
  std::mt19937 random(7);
  std::vector<absl::Time> newest(3, absl::InfinitePast());
  const absl::Time start = clock_.Now();
  for (int step = 0; step < 2000; ++step) {
    v1::Pcap seen = replica(0).api.captures[{"acct", "x"}];
    const absl::Time at = start + absl::Milliseconds(random() % 1000 + step);
    seen.set_upstream_status(absl::StrCat(absl::ToUnixMillis(at)));
    *seen.mutable_observed_time() = ToTimestamp(at);
    replica(static_cast<int>(random() % 3)).cache.Observe(Seen(seen));
    if (step % 7 == 0) Settle();
    for (int i = 0; step % 5 == 0 && i < 3; ++i) {
      std::optional<v1::WatchEvent> event;
      Spawn(replica(i).loop.get_executor(), {}, watchers[i]->Next(clock_.Now()),
            [&](absl::StatusOr<std::optional<v1::WatchEvent>> got) { event = *std::move(got); });
      replica(i).loop.restart();
      replica(i).loop.poll();
      if (!event.has_value()) continue;
      const absl::Time shown = FromTimestamp(event->pcap().observed_time());
      EXPECT_GE(shown, newest[i]);
      newest[i] = std::max(newest[i], shown);
    }
  }
  Settle();
  for (int i = 0; i < 3; ++i) Told(i, *watchers[i]);
  EXPECT_GT(newest[2], start);
}

// The replica with the turn goes on with what is open, and one that missed an end asks for it.
TEST_F(WatchFleetTest, AnEndThatTheStateAndTheNewsHaveLostIsToldAgain) {
  Put("x", kRunning);
  Put("y", kRunning);
  const auto here = Watch(0, {"x", "y"});
  Pass(kPoll);
  const auto there = Watch(1, {"x", "y"});
  Pass(kPoll);
  EXPECT_THAT(Told(1, *there), ElementsAre("x=4", "y=4"));
  Put("x", kSuccess);
  replica(0).state.loses_messages = true;
  replica(0).state.loses_values = true;
  Pass(2 * kPoll);
  EXPECT_THAT(Told(0, *here), testing::Contains("x=2"));
  EXPECT_THAT(Told(1, *there), IsEmpty());
  replica(0).state.loses_messages = false;
  replica(0).state.loses_values = false;
  Pass(3 * kPoll);
  EXPECT_THAT(Told(1, *there), ElementsAre("x=2"));
}

TEST_F(WatchFleetTest, OneCaptureThatCannotBeHadKeepsNoOtherWaiting) {
  Put("a", kRunning);
  Put("b", kRunning);
  Put("c", kRunning);
  for (const auto& each : replicas_) {
    each->api.unlisted = {"a", "b", "c"};
    each->api.ill = {{"b", MakeError(absl::StatusCode::kInternal,
                                     v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE, "nonsense")}};
  }
  const auto all = Watch(0, {"a", "c"});
  const auto ill = Watch(0, {"b"});
  Pass(kPoll);
  EXPECT_THAT(Told(0, *ill), ElementsAre("UPSTREAM_BAD_RESPONSE"));
  EXPECT_THAT(Told(0, *all), ElementsAre("a=4", "c=4"));
}

}  // namespace
}  // namespace pcaps
