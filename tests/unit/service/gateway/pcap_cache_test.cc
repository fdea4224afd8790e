#include "service/gateway/pcap_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kStart = absl::UnixEpoch() + absl::Hours(24 * 365 * 50);

// A clock that is wrong.
class SkewedClock : public Clock {
 public:
  SkewedClock(Clock& right, absl::Duration skew) : right_(right), skew_(skew) {}
  absl::Time Now() const override { return right_.Now() + skew_; }
  Task<void> WaitUntil(Event& event, absl::Time until) override {
    return right_.WaitUntil(event, until - skew_);
  }

 private:
  Clock& right_;
  const absl::Duration skew_;
};

class PcapCacheTest : public testing::Test {
 protected:
  v1::Pcap Pcap(const std::string& id, v1::Pcap::Status status, absl::Duration ago = {}) {
    v1::Pcap pcap;
    pcap.set_account_id("acct");
    pcap.set_id(id);
    pcap.set_status(status);
    pcap.set_done(status == v1::Pcap::STATUS_SUCCESS);
    *pcap.mutable_observed_time() = ToTimestamp(clock_.Now() - ago);
    return pcap;
  }

  std::unique_ptr<PcapCache> Make(const PcapCacheOptions& options = {}) {
    return std::make_unique<PcapCache>(loop_.get_executor(), state_, clock_, options);
  }
  // Lets what is under way end.
  void Settle() {
    loop_.restart();
    loop_.poll();
  }
  static v1::Pcap::Status StatusOf(const Known& known) {
    return CaptureOf({"acct", "a"}, *known)->status();
  }
  bool IsFresh(const Known& known) const { return clock_.Now() < known->fresh_until; }

  boost::asio::io_context loop_;
  ManualClock clock_{kStart};
  MemoryState state_{loop_.get_executor(), clock_};
  const CaptureKey key_ = {"acct", "a"};
};

TEST_F(PcapCacheTest, OpenCapturesAreFreshForAMomentAndThenUsable) {
  const auto cache = Make();
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_RUNNING, absl::Seconds(1))));
  EXPECT_TRUE(IsFresh(cache->Find(key_)));
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(IsFresh(cache->Find(key_)));
  EXPECT_GT(cache->Find(key_)->usable_until, clock_.Now() + absl::Hours(23));
}

TEST_F(PcapCacheTest, DoneOnesStayFresh) {
  const auto cache = Make();
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_SUCCESS)));
  clock_.Advance(absl::Hours(23));
  EXPECT_TRUE(IsFresh(cache->Find(key_)));
}

TEST_F(PcapCacheTest, AWatchedOneIsFreshUntilTheNextPoll) {
  const auto cache = Make();
  Observation seen = Seen(Pcap("a", v1::Pcap::STATUS_RUNNING));
  seen.fresh_for = absl::Seconds(15);
  cache->Observe(seen);
  clock_.Advance(absl::Seconds(14));
  EXPECT_TRUE(IsFresh(cache->Find(key_)));
}

TEST_F(PcapCacheTest, NoneIsFreshForLongWhateverTheFleetSays) {
  const auto cache = Make();
  Observation seen = Seen(Pcap("a", v1::Pcap::STATUS_RUNNING));
  seen.fresh_for = absl::Hours(1'000'000);
  cache->Observe(seen);
  clock_.Advance(absl::Minutes(10));
  EXPECT_FALSE(IsFresh(cache->Find(key_)));
}

TEST_F(PcapCacheTest, AReadBegunBeforeAStopDoesNotUndoIt) {
  const auto cache = Make();
  const v1::Pcap before = Pcap("a", v1::Pcap::STATUS_RUNNING);
  clock_.Advance(absl::Milliseconds(10));
  const v1::Pcap late_answer = Pcap("a", v1::Pcap::STATUS_RUNNING);
  clock_.Advance(absl::Milliseconds(10));
  Observation stopped = Seen(before);
  stopped.not_before = clock_.Now();
  cache->Observe(stopped);
  EXPECT_FALSE(IsFresh(cache->Find(key_)));  // Nobody knows what the stop has made of it.
  cache->Observe(Seen(late_answer));
  EXPECT_FALSE(IsFresh(cache->Find(key_)));
  clock_.Advance(absl::Milliseconds(10));
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_CONVERSION_PENDING)));
  EXPECT_EQ(StatusOf(cache->Find(key_)), v1::Pcap::STATUS_CONVERSION_PENDING);
}

TEST_F(PcapCacheTest, AStopDoesNotHideWhatWasSeenMeanwhile) {
  const auto cache = Make();
  const v1::Pcap before = Pcap("a", v1::Pcap::STATUS_RUNNING);
  clock_.Advance(absl::Seconds(1));
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_CONVERSION_PENDING)));
  clock_.Advance(absl::Seconds(1));
  Observation stopped = Seen(before);
  stopped.not_before = clock_.Now();
  cache->Observe(stopped);
  EXPECT_FALSE(IsFresh(cache->Find(key_)));
  EXPECT_EQ(StatusOf(cache->Find(key_)), v1::Pcap::STATUS_CONVERSION_PENDING);
}

TEST_F(PcapCacheTest, NewsOfNobodyAreNone) {
  const auto cache = Make();
  cache->Listen([](const Observation&) { FAIL(); }, [] {});
  Settle();
  state::v1::Update update;
  v1::Pcap pcap = Pcap("", v1::Pcap::STATUS_SUCCESS);
  *update.add_captures()->mutable_pcap() = pcap;
  pcap = Pcap("a", v1::Pcap::STATUS_SUCCESS);
  pcap.clear_account_id();
  *update.add_captures()->mutable_pcap() = pcap;
  *update.add_captures()->mutable_pcap() = Pcap("../x", v1::Pcap::STATUS_SUCCESS);
  (void)RunTask(loop_, state_.Publish(update.SerializeAsString()));
  (void)RunTask(loop_, state_.Publish("no update"));
  Settle();
  EXPECT_EQ(cache->corrupt_values(), 4);
  EXPECT_EQ(cache->FindList("acct"), nullptr);
}

TEST_F(PcapCacheTest, ThatThereIsNoneIsKnownForAMoment) {
  const auto cache = Make();
  cache->ObserveMissing(key_, clock_.Now());
  const Known known = cache->Find(key_);
  EXPECT_TRUE(IsFresh(known));
  EXPECT_EQ(ReasonOf(CaptureOf(key_, *known).status()), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(cache->Find(key_), nullptr);
}

TEST_F(PcapCacheTest, ADoneCaptureThatIsGoneIsGone) {
  const auto cache = Make();
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_SUCCESS)));
  clock_.Advance(absl::Seconds(1));
  cache->ObserveMissing(key_, clock_.Now());
  EXPECT_TRUE(cache->Find(key_)->bytes.empty());
}

TEST_F(PcapCacheTest, OtherReplicasHearOfIt) {
  const auto here = Make();
  const auto there = Make();
  std::vector<std::string> heard;
  there->Listen([&](const Observation& seen) { heard.push_back(seen.pcap.id()); }, [] {});
  Settle();
  here->Observe(Seen(Pcap("a", v1::Pcap::STATUS_RUNNING)));
  Settle();
  EXPECT_THAT(heard, ElementsAre("a"));
  EXPECT_EQ(there->Find(key_)->bytes, here->Find(key_)->bytes);
}

TEST_F(PcapCacheTest, WhatNobodyToldIsReadFromTheSharedState) {
  const auto here = Make();
  const auto there = Make();
  here->Observe(Seen(Pcap("a", v1::Pcap::STATUS_RUNNING)));
  Settle();
  EXPECT_EQ(there->Find(key_), nullptr);
  const Known read = RunTask(loop_, there->Read(key_));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(StatusOf(read), v1::Pcap::STATUS_RUNNING);
  EXPECT_NE(there->Find(key_), nullptr);
}

TEST_F(PcapCacheTest, AValueOfAnotherKeyIsNone) {
  const auto here = Make();
  here->Observe(Seen(Pcap("b", v1::Pcap::STATUS_RUNNING)));
  Settle();
  const auto theirs = RunTask(loop_, state_.GetMany({"v1:pcap:acct:b"}));
  ASSERT_TRUE(theirs.ok() && theirs->front().has_value());
  (void)RunTask(loop_, state_.PutIfNewer("v1:pcap:acct:a", *theirs->front(), absl::Hours(1)));
  (void)RunTask(loop_,
                state_.PutIfNewer("v1:pcap:acct:c", {{0, clock_.Now()}, "junk"}, absl::Hours(1)));
  const auto there = Make();
  EXPECT_EQ(RunTask(loop_, there->Read(key_)), nullptr);
  EXPECT_EQ(RunTask(loop_, there->Read(CaptureKey{"acct", "c"})), nullptr);
  EXPECT_EQ(there->corrupt_values(), 2);
}

TEST_F(PcapCacheTest, AccountsAndCasesAreToldApart) {
  const auto cache = Make();
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_RUNNING)));
  Settle();
  EXPECT_EQ(RunTask(loop_, cache->Read(CaptureKey{"Acct", "a"})), nullptr);
  EXPECT_EQ(RunTask(loop_, cache->Read(CaptureKey{"acct", "A"})), nullptr);
}

TEST_F(PcapCacheTest, AListShowsEachCaptureAsNewAsItIsKnown) {
  const auto cache = Make();
  cache->ObserveList("acct",
                     {Pcap("a", v1::Pcap::STATUS_RUNNING), Pcap("b", v1::Pcap::STATUS_RUNNING)},
                     clock_.Now());
  clock_.Advance(absl::Seconds(1));
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_SUCCESS)));
  const Known list = cache->FindList("acct");
  ASSERT_NE(list, nullptr);
  const std::vector<v1::Pcap> shown = cache->CapturesOf("acct", *list);
  ASSERT_EQ(shown.size(), 2);
  EXPECT_EQ(shown[0].status(), v1::Pcap::STATUS_SUCCESS);
  EXPECT_EQ(shown[1].status(), v1::Pcap::STATUS_RUNNING);
}

TEST_F(PcapCacheTest, AListFromBeforeAWriteIsNotUsedAnywhere) {
  const auto here = Make();
  const auto there = Make();
  const absl::Time began = clock_.Now();
  here->ObserveList("acct", {}, began);
  Settle();
  EXPECT_TRUE(IsFresh(RunTask(loop_, there->ReadList("acct"))));
  clock_.Advance(absl::Milliseconds(1));
  here->ForgetList("acct");
  Settle();
  EXPECT_FALSE(IsFresh(here->FindList("acct")));
  EXPECT_FALSE(IsFresh(RunTask(loop_, Make()->ReadList("acct"))));
  here->ObserveList("acct", {}, began);  // An answer that comes late.
  EXPECT_FALSE(IsFresh(here->FindList("acct")));
}

TEST_F(PcapCacheTest, AloneItPutsNothingIntoTheState) {
  const auto cache = Make({.alone = true});
  cache->Observe(Seen(Pcap("a", v1::Pcap::STATUS_RUNNING)));
  Settle();
  EXPECT_EQ(state_.size(), 0);
}

// Observations of one capture reach three replicas, whose clocks are wrong, in any order, and get
// lost between them; what each shows never goes back.
TEST_F(PcapCacheTest, NeverShowsAnOlderStatusThanBefore) {
  const std::vector<v1::Pcap::Status> life = {
      v1::Pcap::STATUS_PENDING, v1::Pcap::STATUS_RUNNING, v1::Pcap::STATUS_CONVERSION_PENDING,
      v1::Pcap::STATUS_CONVERSION_RUNNING, v1::Pcap::STATUS_SUCCESS};
  absl::BitGen random;
  SkewedClock early(clock_, absl::Seconds(-40));
  SkewedClock late(clock_, absl::Seconds(70));
  const std::vector<Clock*> clocks = {&clock_, &early, &late};
  int steps = 0;
  while (steps < 100'000) {
    std::vector<std::unique_ptr<PcapCache>> replicas;
    for (Clock* clock : clocks) {
      replicas.push_back(
          std::make_unique<PcapCache>(loop_.get_executor(), state_, *clock, PcapCacheOptions()));
    }
    const CaptureKey key = {"acct", absl::StrCat("c", steps)};
    std::vector<size_t> shown(replicas.size(), 0);
    std::vector<v1::Pcap> on_their_way;
    for (size_t step = 0; step < 100; ++step, ++steps) {
      clock_.Advance(absl::Microseconds(absl::Uniform(random, 1, 200)));
      const size_t reached = std::min(life.size() - 1, step * life.size() / 90);
      on_their_way.push_back(Pcap(key.pcap_id, life[reached]));
      const size_t picked = absl::Uniform<size_t>(random, 0, on_their_way.size());
      const size_t replica = absl::Uniform<size_t>(random, 0, replicas.size());
      replicas[replica]->Observe(Seen(on_their_way[picked]));
      if (absl::Bernoulli(random, 0.5)) {
        on_their_way.erase(on_their_way.begin() + static_cast<int64_t>(picked));
      }
      const size_t asked = absl::Uniform<size_t>(random, 0, replicas.size());
      const Known known = absl::Bernoulli(random, 0.3) ? RunTask(loop_, replicas[asked]->Read(key))
                                                       : replicas[asked]->Find(key);
      if (known == nullptr) continue;
      const auto status = CaptureOf(key, *known)->status();
      const size_t shows = std::find(life.begin(), life.end(), status) - life.begin();
      ASSERT_GE(shows, shown[asked]);
      shown[asked] = shows;
    }
    Settle();
  }
}

}  // namespace
}  // namespace pcaps
