#include "service/rpc/connections/flood_rule.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

constexpr int kMaxStreams = 1000;
constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr int64_t kPreface = 24 + 9;

// A connection looked at after each step, as ConnectionWatch does.
class Life {
 public:
  Life() { Receive(kPreface); }

  void Receive(int64_t bytes) { total_.received += bytes; }
  void Send(int64_t bytes) { total_.sent += bytes; }
  // A call of so many bytes of message and metadata, which came as so many.
  void Call(int64_t bytes, int64_t came) {
    Receive(came);
    total_.explained += bytes + FloodRule::kCallOverhead;
    ++total_.calls;
    ++streams_.started;
    ++streams_.ended;
  }
  void Start(int64_t streams) { streams_.started += streams; }
  void End(int64_t streams) { streams_.ended += streams; }

  // Whether it goes on after `step`.
  bool Lives(absl::Duration step = kTick) { return Judge(step, streams_); }
  // The same where nobody counts streams.
  bool LivesUncounted() { return Judge(kTick, std::nullopt); }

  // The same with calls that come in, each as so many bytes, while they are counted.
  bool LivesWhileCalled(int calls, int64_t bytes) {
    const int64_t received = total_.received;
    for (int i = 0; i < calls; ++i) Call(bytes, bytes);
    Traffic seen = total_;
    seen.received_meanwhile = seen.received - received;
    seen.received = received;
    now_ += kTick;
    return rule_.Judge(seen, streams_, false, now_) != FloodRule::Verdict::kFlood;
  }
  // Its host floods.
  void Suspect() { suspected_ = true; }
  const FloodRule::Keep& held() const { return rule_.held(); }
  void Excuse(int64_t unread) { rule_.Excuse(total_.received + unread, absl::InfiniteFuture()); }

  int64_t received() const { return total_.received; }

 private:
  bool Judge(absl::Duration step, const std::optional<StreamCounts>& streams) {
    now_ += step;
    return !rule_.IsDue(total_.received) ||
           rule_.Judge(total_, streams, suspected_, now_) != FloodRule::Verdict::kFlood;
  }

  bool suspected_ = false;
  absl::Time now_ = absl::UnixEpoch();
  FloodRule rule_{kMaxStreams, now_};
  Traffic total_;
  StreamCounts streams_;
};

TEST(FloodRule, ADayOfKeepalivePingsIsNone) {
  constexpr int64_t kPing = 17 + 29;  // With its TLS record.
  Life life;
  for (absl::Duration age; age < absl::Hours(24); age += absl::Seconds(1)) {
    life.Receive(kPing);
    ASSERT_TRUE(life.Lives(absl::Seconds(1))) << age;
  }
}

TEST(FloodRule, ADayOfHealthChecksIsNone) {
  Life life;
  for (absl::Duration age; age < absl::Hours(24); age += absl::Seconds(1)) {
    life.Call(60, 300);
    ASSERT_TRUE(life.Lives(absl::Seconds(1))) << age;
  }
}

TEST(FloodRule, CallsAreNone) {
  Life life;
  for (int i = 0; i < 200'000; ++i) {
    life.Call(100, 500);
    ASSERT_TRUE(life.Lives());
  }
}

TEST(FloodRule, CallsWithMuchMetadataAreNone) {
  Life life;
  for (int i = 0; i < 100'000; ++i) {
    for (int calls = 0; calls < 100; ++calls) life.Call(8 << 10, (8 << 10) + 400);
    ASSERT_TRUE(life.Lives());
  }
}

TEST(FloodRule, ALargeDownloadIsNone) {
  constexpr int64_t kFile = int64_t{2} << 30;
  constexpr int64_t kWindow = 8 << 10;
  Life life;
  life.Call(100, 500);
  for (int64_t sent = 0; sent < kFile; sent += 64 * kWindow) {
    life.Send(64 * kWindow);
    life.Receive(int64_t{64} * 26);
    ASSERT_TRUE(life.Lives()) << sent;
  }
}

TEST(FloodRule, LargeRequestsThatCameInPartsAreNone) {
  constexpr int64_t kRequest = 60'000;
  constexpr int64_t kPart = 16 << 10;
  for (const int at_once : {1, 100, kMaxStreams}) {
    Life life;
    for (int round = 0; round < 10; ++round) {
      life.Start(at_once);
      for (int64_t sent = 0; sent + kPart < kRequest; sent += kPart) {
        life.Receive(kPart * at_once);
        ASSERT_TRUE(life.Lives()) << at_once << " at once";
      }
      // Call() starts each again.
      life.Start(-at_once);
      for (int i = 0; i < at_once; ++i) life.Call(kRequest, kRequest % kPart + 500);
      ASSERT_TRUE(life.Lives()) << at_once << " at once";
    }
  }
}

TEST(FloodRule, ACallerWhoGivesUpSomeCallsIsNone) {
  Life life;
  for (int i = 0; i < 100'000; ++i) {
    for (int calls = 0; calls < 99; ++calls) life.Call(100, 200);
    life.Start(1);
    life.Receive(200);
    life.End(1);
    ASSERT_TRUE(life.Lives());
  }
}

TEST(FloodRule, ACallerInAHurryWhoOftenGivesUpIsNone) {
  Life life;
  for (int i = 0; i < 10'000; ++i) {
    life.Call(100, 200);
    life.Start(2);
    life.Receive(400);
    life.End(2);
    ASSERT_TRUE(life.Lives(absl::Seconds(1)));
  }
}

TEST(FloodRule, CallsThatComeInWhileTheyAreCountedAreNone) {
  Life life;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(life.LivesWhileCalled(100, 60'000));
}

TEST(FloodRule, WhatCameWhileNobodyLookedIsNone) {
  constexpr int64_t kBytes = 900 << 10;
  Life life;
  for (int i = 0; i < 100; ++i) life.Call(100, 200);
  EXPECT_TRUE(life.Lives());
  life.Excuse(kBytes);
  for (int64_t came = 0; came < kBytes; came += 20'000) {
    life.Start(100);
    life.End(100);
    life.Receive(20'000);
    ASSERT_TRUE(life.Lives()) << came;
  }
  for (int i = 0; i < 1000; ++i) {
    life.Call(100, 200);
    ASSERT_TRUE(life.Lives());
  }
}

TEST(FloodRule, AHandshakeWithLongChainsOfCertificatesIsNone) {
  Life life;
  life.Receive(64 << 10);
  EXPECT_TRUE(life.Lives());
}

// Floods; each must end within 1 MiB.
constexpr int64_t kMostOfAFlood = 1 << 20;

TEST(FloodRule, StreamsOpenedAndResetAreOne) {
  for (const int64_t bytes : {28, 147, 600}) {
    for (const bool ends_late : {false, true}) {
      Life life;
      while (life.Lives()) {
        life.Start(50);
        if (!ends_late) life.End(50);
        life.Receive(50 * bytes);
        ASSERT_LT(life.received(), kMostOfAFlood) << bytes;
      }
    }
  }
}

TEST(FloodRule, StreamsOpenedAndResetAmongCallsAreOne) {
  Life life;
  for (int i = 0; i < 1000; ++i) life.Call(100, 60);
  const int64_t before = life.received();
  while (life.Lives()) {
    life.Call(4 << 10, 60);  // Its metadata is known to both and costs nothing.
    life.Start(50);
    life.End(50);
    life.Receive(50 * 28);
    ASSERT_LT(life.received() - before, kMostOfAFlood);
  }
}

TEST(FloodRule, FramesThatBelongToNoCallAreOne) {
  Life life;
  while (life.Lives()) {
    life.Receive(4 << 10);
    life.Send(4 << 10);  // It answers them.
    ASSERT_LT(life.received(), kMostOfAFlood);
  }
}

TEST(FloodRule, AMessageWithoutEndIsOne) {
  Life life;
  life.Start(1);
  while (life.Lives()) {
    life.Receive(16 << 10);
    ASSERT_LT(life.received(), kMostOfAFlood);
  }
}

TEST(FloodRule, WhatComesAfterSomethingWasExcusedIsOne) {
  Life life;
  life.Excuse(100'000);
  life.Receive(100'000);
  EXPECT_TRUE(life.Lives());
  const int64_t before = life.received();
  while (life.Lives()) {
    life.Start(50);
    life.End(50);
    life.Receive(50 * 28);
    ASSERT_LT(life.received() - before, kMostOfAFlood);
  }
}

TEST(FloodRule, AFewHundredStreamsResetAreOneWhereTheHostFloods) {
  Life life;
  life.Suspect();
  for (int streams = 0; life.Lives(); streams += 10) {
    life.Start(10);
    life.End(10);
    life.Receive(1000);
    ASSERT_LE(streams, kMaxStreams / 4);
  }
}

TEST(FloodRule, CallsAreNoneWhereTheHostFloods) {
  Life life;
  life.Suspect();
  for (int i = 0; i < 10'000; ++i) {
    life.Call(100, 500);
    ASSERT_TRUE(life.Lives());
  }
}

// What is held.

TEST(FloodRule, HoldsWhatDoesNotBecomeACall) {
  constexpr int64_t kEach = 16 << 10;
  Life life;
  for (int i = 0; i < 10; ++i) {
    life.Start(1);
    life.Receive(kEach);
    EXPECT_TRUE(life.Lives());
    EXPECT_LE(life.held().streams, i);
  }
  for (int looks = 0; looks < 2; ++looks) {
    life.Receive(8 << 10);
    EXPECT_TRUE(life.Lives(absl::Seconds(1)));
  }
  EXPECT_EQ(life.held().streams, 10);
  EXPECT_GE(life.held().bytes, 10 * kEach);
}

TEST(FloodRule, HoldsNothingOfCallsThatComeAndGo) {
  constexpr int kAtOnce = 1000;
  constexpr int64_t kRequest = 16 << 10;
  Life life;
  life.Start(kAtOnce);  // That many are always on their way.
  life.Receive(kAtOnce * kRequest);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(life.Lives(absl::Milliseconds(500)));
    EXPECT_LE(life.held().streams, 0);
    EXPECT_LE(life.held().bytes, kRequest);
    for (int calls = 0; calls < kAtOnce; ++calls) life.Call(kRequest, kRequest + 100);
  }
}

TEST(FloodRule, GoodBehaviourSavesNothingUp) {
  Life life;
  for (int i = 0; i < 100'000; ++i) {
    life.Call(1000, 60);
    ASSERT_TRUE(life.Lives());
  }
  const int64_t before = life.received();
  while (life.Lives()) {
    life.Receive(4 << 10);
    ASSERT_LT(life.received() - before, kMostOfAFlood);
  }
}

TEST(FloodRule, WithoutCountsOfStreamsBytesDecide) {
  Life life;
  life.Receive(200 << 10);
  EXPECT_TRUE(life.LivesUncounted());
  life.Receive(100 << 10);
  EXPECT_FALSE(life.LivesUncounted());
}

}  // namespace
}  // namespace pcaps
