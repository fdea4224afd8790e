#include "service/gateway/watch_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/gateway/pcap_cache.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using testing::ElementsAre;

constexpr absl::Duration kPoll = absl::Seconds(2);

class WatchHubTest : public testing::Test {
 protected:
  std::unique_ptr<Watcher> Watch(std::set<std::string> ids, const std::string& account = "acct") {
    absl::StatusOr<std::unique_ptr<Watcher>> watcher = hub_.Watch(account, std::move(ids));
    EXPECT_TRUE(watcher.ok()) << watcher.status();
    Settle();
    return *std::move(watcher);
  }

  void Settle() {
    loop_.restart();
    loop_.poll();
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    Settle();
  }

  // What the watcher can be told now: "id=status", "-id" for a removal, or the reason of the end.
  std::vector<std::string> Told(Watcher& watcher) {
    std::vector<std::string> told;
    while (true) {
      const auto next = RunTask(loop_, watcher.Next(clock_.Now()));
      if (!next.ok()) {
        told.push_back(ReasonName(ReasonOf(next.status())));
        return told;
      }
      if (!next->has_value()) return told;
      const v1::WatchEvent& event = **next;
      told.push_back(event.has_pcap() ? absl::StrCat(event.pcap().id(), "=", event.pcap().status())
                                      : absl::StrCat("-", event.removed_pcap_id()));
    }
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  FakePcapsApi api_{clock_};
  MemoryState state_{loop_.get_executor(), clock_};
  PcapCache cache_{loop_.get_executor(), state_, clock_, {.alone = true}};
  WatchHub hub_{loop_.get_executor(),
                api_,
                cache_,
                state_,
                clock_,
                [] { return 0.0; },
                WatchOptions{kPoll, absl::Seconds(15), absl::Seconds(20), 6, 4, 100, "here"}};
};

constexpr auto kPending = v1::Pcap::STATUS_PENDING;
constexpr auto kRunning = v1::Pcap::STATUS_RUNNING;
constexpr auto kSuccess = v1::Pcap::STATUS_SUCCESS;

TEST_F(WatchHubTest, TellsTheStateAtOnceThenEachChangeUntilTheEnd) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kPending)));
  EXPECT_FALSE(watcher->AllDone());
  Pass(kPoll);
  EXPECT_THAT(Told(*watcher), ElementsAre()) << "nothing changed";
  api_.Put("acct", "a", kSuccess);
  Pass(kPoll);
  EXPECT_FALSE(watcher->AllDone()) << "the end is not handed out yet";
  EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kSuccess)));
  EXPECT_TRUE(watcher->AllDone());
}

TEST_F(WatchHubTest, AWaitingWatcherWakesForAChange) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  Told(*watcher);
  bool woken = false;
  Spawn(loop_.get_executor(), {}, watcher->Next(absl::InfiniteFuture()),
        [&](absl::StatusOr<std::optional<v1::WatchEvent>> next) { woken = (*next)->has_pcap(); });
  Settle();
  EXPECT_FALSE(woken);
  api_.Put("acct", "a", kRunning);
  Pass(kPoll);
  EXPECT_TRUE(woken);
}

TEST_F(WatchHubTest, ASlowWatcherSkipsMiddleStatesButNeverTheLast) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  for (const auto status : {kRunning, v1::Pcap::STATUS_CONVERSION_RUNNING, kSuccess}) {
    api_.Put("acct", "a", status);
    Pass(kPoll);
  }
  EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kSuccess)));
  EXPECT_TRUE(watcher->AllDone());
}

TEST_F(WatchHubTest, ManyWatchersOfOneCaptureCostOnePoll) {
  api_.Put("acct", "a", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 4; ++i) watchers.push_back(Watch({"a"}));
  EXPECT_EQ(api_.reads(), 1);
  api_.Put("acct", "a", kSuccess);
  Pass(kPoll);
  EXPECT_EQ(api_.reads(), 2);
  for (const auto& watcher : watchers) {
    EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kSuccess)));
  }
  Pass(kPoll);
  EXPECT_EQ(api_.reads(), 2) << "what is done is not polled";
}

TEST_F(WatchHubTest, SeveralCapturesCostOneListAndWhatItLacksIsAskedFor) {
  api_.Put("acct", "a", kPending);
  api_.Put("acct", "b", kPending);
  const auto watcher = Watch({"a", "b", "nowhere"});
  EXPECT_EQ(api_.list_calls, 1);
  EXPECT_EQ(api_.get_calls, 1);
  EXPECT_TRUE(watcher->SnapshotComplete());
  EXPECT_THAT(Told(*watcher),
              ElementsAre("-nowhere", absl::StrCat("a=", kPending), absl::StrCat("b=", kPending)));
  Pass(kPoll);
  EXPECT_EQ(api_.list_calls, 2);
  EXPECT_EQ(api_.get_calls, 1) << "what is gone is not asked for again";
}

TEST_F(WatchHubTest, WithoutNamesTheWholeAccountIsWatchedAndNewCapturesToo) {
  api_.Put("acct", "a", kSuccess);
  const auto watcher = Watch({});
  EXPECT_TRUE(watcher->SnapshotComplete());
  EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kSuccess)));
  EXPECT_FALSE(watcher->AllDone());
  api_.Put("acct", "b", kPending);
  Pass(absl::Seconds(15));
  EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("b=", kPending)));
  api_.captures.erase({"acct", "b"});
  Pass(absl::Seconds(15));
  EXPECT_THAT(Told(*watcher), ElementsAre("-b"));
  const auto second = Watch({});
  EXPECT_THAT(Told(*second), ElementsAre(absl::StrCat("a=", kSuccess)));
}

TEST_F(WatchHubTest, WhoWatchesTheAccountIsToldWhenADoneCaptureIsGone) {
  api_.Put("acct", "a", kSuccess);
  api_.Put("acct", "b", kPending);
  const auto watcher = Watch({});
  EXPECT_THAT(Told(*watcher), testing::SizeIs(2));
  api_.captures.erase({"acct", "a"});
  Pass(absl::Seconds(15));
  EXPECT_THAT(Told(*watcher), ElementsAre("-a"));
}

TEST_F(WatchHubTest, DoneCaptureThatAFullListPushedOutIsNotGoneAndAskedForOnce) {
  api_.Put("acct", "a", kSuccess);
  api_.Put("acct", "b", kPending);
  const auto watcher = Watch({});
  EXPECT_THAT(Told(*watcher), testing::SizeIs(2));
  api_.unlisted.insert("a");
  Pass(absl::Seconds(15));
  EXPECT_EQ(api_.get_calls, 1);
  Pass(absl::Seconds(15));
  EXPECT_EQ(api_.get_calls, 1);
  EXPECT_EQ(api_.list_calls, 3);
  EXPECT_THAT(Told(*watcher), testing::IsEmpty());
}

TEST_F(WatchHubTest, WhoComesLaterHearsNothingOfThoseThatFullListsPushedOut) {
  const auto first = Watch({});
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 5; ++i) api_.Put("acct", absl::StrCat(round, "-", i), kSuccess);
    Pass(absl::Seconds(15));
    EXPECT_THAT(Told(*first), testing::SizeIs(5)) << "each is told of once";
    const auto newcomer = Watch({});
    EXPECT_THAT(Told(*newcomer), testing::SizeIs(5)) << round;
    for (int i = 0; i < 5; ++i) api_.unlisted.insert(absl::StrCat(round, "-", i));
    Pass(absl::Seconds(15));
  }
  EXPECT_EQ(api_.get_calls, 25);
  const auto named = Watch({"0-0"});
  EXPECT_THAT(Told(*named), ElementsAre(absl::StrCat("0-0=", kSuccess)));
  EXPECT_THAT(Told(*first), ElementsAre());
}

TEST_F(WatchHubTest, TooManyCapturesOfAnAccountAreRefusedAndThoseThatAreWatchedAreNot) {
  std::set<std::string> ids;
  for (int i = 0; i < 99; ++i) {
    api_.Put("acct", absl::StrCat(i), kPending);
    ids.insert(absl::StrCat(i));
  }
  api_.Put("acct", "last", kPending);
  const auto many = Watch(ids);
  auto last = Watch({"last"});
  const auto refused = hub_.Watch("acct", {"one more"});
  EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_OVERLOADED);
  EXPECT_TRUE(hub_.Watch("acct", {"3"}).ok());
  EXPECT_TRUE(hub_.Watch("acct", {}).ok());
  EXPECT_TRUE(hub_.Watch("other", {"one more"}).ok());
  last = nullptr;
  EXPECT_TRUE(hub_.Watch("acct", {"one more"}).ok());
}

TEST_F(WatchHubTest, AccountsAreApart) {
  api_.Put("acct", "same", kPending);
  api_.Put("other", "same", kSuccess);
  const auto mine = Watch({"same"});
  const auto theirs = Watch({"same"}, "other");
  EXPECT_THAT(Told(*mine), ElementsAre(absl::StrCat("same=", kPending)));
  EXPECT_THAT(Told(*theirs), ElementsAre(absl::StrCat("same=", kSuccess)));
}

TEST_F(WatchHubTest, ADoneCaptureNeverGoesBack) {
  api_.Put("acct", "a", kSuccess);
  api_.Put("acct", "b", kPending);
  const auto watcher = Watch({"a", "b"});
  Told(*watcher);
  api_.Put("acct", "a", kRunning);
  Pass(kPoll);
  EXPECT_THAT(Told(*watcher), ElementsAre());
}

TEST_F(WatchHubTest, NewcomersGetTheirSnapshotWithoutWaitingForTheNextPoll) {
  api_.Put("acct", "a", kPending);
  api_.Put("acct", "b", kPending);
  const auto first = Watch({"a"});
  const auto second = Watch({"b"});
  EXPECT_THAT(Told(*second), ElementsAre(absl::StrCat("b=", kPending)));
  EXPECT_EQ(api_.get_calls, 2);
  EXPECT_EQ(api_.list_calls, 0);
}

TEST_F(WatchHubTest, WhenUpstreamFailsNewcomersEndAndOthersGoStaleAndRecover) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  Told(*watcher);
  EXPECT_FALSE(watcher->MakeHeartbeat().stale());
  const absl::Time seen = clock_.Now();
  api_.next_error =
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, "");
  Pass(kPoll);
  Pass(absl::Seconds(15));
  EXPECT_THAT(Told(*watcher), ElementsAre());
  EXPECT_TRUE(watcher->MakeHeartbeat().stale());
  EXPECT_EQ(FromTimestamp(watcher->MakeHeartbeat().observed_time()), seen);
  const int reads = api_.reads();
  EXPECT_EQ(ReasonOf(hub_.Watch("acct", {"b"}).status()), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  EXPECT_EQ(api_.reads(), reads) << "a newcomer does not try a failing upstream again";
  EXPECT_TRUE(hub_.Watch("acct", {"a"}).ok()) << "what is known can be watched";
  api_.next_error = absl::OkStatus();
  api_.Put("acct", "a", kSuccess);
  Pass(absl::Seconds(15));
  EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kSuccess)));
  EXPECT_FALSE(watcher->MakeHeartbeat().stale());
}

TEST_F(WatchHubTest, TheFirstPollsFailureEndsTheWatch) {
  api_.next_error =
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, "");
  const auto watcher = Watch({"a"});
  EXPECT_THAT(Told(*watcher), ElementsAre("UPSTREAM_UNAVAILABLE"));
}

TEST_F(WatchHubTest, WhoComesAfterTheLastOneWasFailedTriesAnew) {
  api_.Put("acct", "a", kPending);
  api_.next_error = absl::UnavailableError("down");
  auto failed = Watch({"a"});
  EXPECT_THAT(Told(*failed), testing::SizeIs(1)) << "its end";
  failed.reset();  // The poller has yet to notice.
  api_.next_error = absl::OkStatus();
  const auto next = Watch({"a"});
  EXPECT_THAT(Told(*next), ElementsAre(absl::StrCat("a=", kPending)));
}

TEST_F(WatchHubTest, LosingTheAccountEndsEveryWatch) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  Told(*watcher);
  api_.next_error = MakeError(absl::StatusCode::kPermissionDenied,
                              v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN, "");
  Pass(kPoll);
  EXPECT_THAT(Told(*watcher), ElementsAre("UPSTREAM_ACCOUNT_FORBIDDEN"));
}

TEST_F(WatchHubTest, AfterTooManyRequestsItWaitsAsLongAsTheUpstreamSays) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  api_.next_error = WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, ""),
      absl::Seconds(90));
  Pass(kPoll);
  const int reads = api_.reads();
  Pass(absl::Seconds(89));
  EXPECT_EQ(api_.reads(), reads);
  Pass(absl::Seconds(1));
  EXPECT_EQ(api_.reads(), reads + 1);
}

TEST_F(WatchHubTest, OldCapturesArePolledSeldom) {
  api_.Put("acct", "a", kPending);
  const auto watcher = Watch({"a"});
  for (int i = 0; i < 60; ++i) Pass(kPoll);  // Two minutes.
  const int before = api_.reads();
  for (int i = 0; i < 30; ++i) Pass(kPoll);  // One more.
  EXPECT_LE(api_.reads() - before, 6);
  EXPECT_GE(api_.reads() - before, 3);
}

TEST_F(WatchHubTest, NobodyWatchingNothingIsPolled) {
  api_.Put("acct", "a", kPending);
  Watch({"a"}).reset();
  Settle();
  EXPECT_EQ(hub_.watchers(), 0);
  const int reads = api_.reads();
  Pass(absl::Minutes(5));
  EXPECT_EQ(api_.reads(), reads);
  EXPECT_EQ(clock_.NextWake(), absl::InfiniteFuture()) << "the poller has ended";
}

TEST_F(WatchHubTest, APollEndsWhenItsWatchersHaveLeft) {
  std::set<std::string> nowhere;
  for (int i = 0; i < 100; ++i) nowhere.insert(absl::StrCat("n", i));
  api_.read_duration = absl::Seconds(1);
  auto watcher = *hub_.Watch("acct", nowhere);
  Settle();
  for (int i = 0; i < 3; ++i) Pass(absl::Seconds(1));  // The list, then two of those it lacks.
  const int reads = api_.reads();
  watcher.reset();
  for (int i = 0; i < 5; ++i) Pass(absl::Seconds(1));
  EXPECT_EQ(api_.reads(), reads) << "the read under way is the last one";
  EXPECT_EQ(clock_.NextWake(), absl::InfiniteFuture()) << "the poller has ended";
}

TEST_F(WatchHubTest, AboveItsLimitsItRefuses) {
  api_.Put("acct", "a", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 4; ++i) watchers.push_back(Watch({"a"}));
  const absl::Status one_account = hub_.Watch("acct", {"a"}).status();
  EXPECT_EQ(ReasonOf(one_account), v1::ERROR_REASON_OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(one_account).has_value());
  for (int i = 0; i < 2; ++i) watchers.push_back(Watch({"a"}, "other"));
  EXPECT_EQ(ReasonOf(hub_.Watch("third", {"a"}).status()), v1::ERROR_REASON_OVERLOADED);
  watchers.clear();
  Settle();
  EXPECT_TRUE(hub_.Watch("third", {"a"}).ok());
}

TEST_F(WatchHubTest, WatchersMayLeaveWhileOthersAreTold) {
  WatchHub hub(
      loop_.get_executor(), api_, cache_, state_, clock_, [] { return 0.0; },
      WatchOptions{kPoll, absl::Seconds(15), absl::Seconds(20), 1000, 1000, 1000, "here"});
  api_.Put("acct", "a", kPending);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 300; ++i) watchers.push_back(*hub.Watch("acct", {"a"}));
  Settle();
  for (const auto& watcher : watchers) Told(*watcher);
  api_.Put("acct", "a", kSuccess);
  clock_.Advance(kPoll);
  loop_.restart();
  loop_.run_one();  // The poll, and the first slice of watchers; the others are told after a yield.
  watchers.erase(watchers.begin() + 10, watchers.begin() + 250);
  Settle();
  for (const auto& watcher : watchers) {
    EXPECT_THAT(Told(*watcher), ElementsAre(absl::StrCat("a=", kSuccess)));
  }
  watchers.clear();
  Settle();
}

TEST_F(WatchHubTest, PollsAndTheAgeOfTheOldestAnswerAreKnown) {
  EXPECT_EQ(hub_.OldestAnswer(), absl::ZeroDuration()) << "nobody watches";
  api_.Put("acct", "a", kPending);
  api_.Put("acct", "b", kPending);
  const auto one = Watch({"a"});
  EXPECT_EQ(hub_.counts().polls.gets, 1);
  const auto two = Watch({"b"});
  Pass(kPoll);
  EXPECT_GE(hub_.counts().polls.lists, 1);
  EXPECT_EQ(hub_.OldestAnswer(), absl::ZeroDuration());
  api_.next_error = absl::UnavailableError("the upstream is gone");
  for (int i = 0; i < 30; ++i) Pass(kPoll);
  EXPECT_EQ(hub_.OldestAnswer(), absl::Minutes(1));
}

TEST_F(WatchHubTest, ATurnAndAFanOutAreTold) {
  std::vector<std::string> turns;
  std::vector<absl::Duration> fanned_out;
  WatchOptions options{kPoll, absl::Seconds(15), absl::Seconds(20), 6, 4, 100, "here"};
  options.on_turn = [&](const std::string& account_id, bool mine) {
    turns.push_back(account_id + (mine ? " ours" : " given"));
  };
  options.on_fanned_out = [&](absl::Duration took) { fanned_out.push_back(took); };
  PcapCache cache(loop_.get_executor(), state_, clock_, {.alone = true});
  WatchHub hub(loop_.get_executor(), api_, cache, state_, clock_, [] { return 0.0; }, options);
  api_.Put("acct", "a", kPending);
  {
    const auto watcher = hub.Watch("acct", {"a"});
    Settle();
    Pass(kPoll);
  }
  Pass(kPoll);
  EXPECT_THAT(turns, ElementsAre("acct ours")) << "that it ends with the watch is no news";
  EXPECT_THAT(fanned_out, ElementsAre(absl::ZeroDuration()));
}

TEST_F(WatchHubTest, AnUpstreamThatIsDownMakesNoNewsOfEachTurn) {
  int turns = 0;
  WatchOptions options{kPoll, absl::Seconds(15), absl::Seconds(20), 6, 4, 100, "here"};
  options.on_turn = [&](const std::string&, bool) { ++turns; };
  PcapCache cache(loop_.get_executor(), state_, clock_, {.alone = true});
  WatchHub hub(loop_.get_executor(), api_, cache, state_, clock_, [] { return 0.0; }, options);
  api_.Put("acct", "a", kPending);
  const auto watcher = hub.Watch("acct", {"a"});
  Settle();
  Pass(kPoll);
  api_.next_error =
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, "");
  for (int i = 0; i < 60; ++i) Pass(kPoll);
  EXPECT_LE(turns, 2) << "come, and given up";
  api_.next_error = absl::OkStatus();
  for (int i = 0; i < 30; ++i) Pass(kPoll);
  EXPECT_LE(turns, 3) << "and come again";
}

}  // namespace
}  // namespace pcaps
