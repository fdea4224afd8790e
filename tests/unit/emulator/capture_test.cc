#include "tests/emulator/capture.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pcaps::emulator {
namespace {

const absl::Time kSubmitted = absl::FromUnixSeconds(1'700'000'000);

Capture Simple() {
  Capture capture;
  capture.id = std::string(32, 'a');
  capture.time_limit = 10;
  capture.packet_limit = 100;
  capture.submitted = capture.offset_time = kSubmitted;
  return capture;
}

Capture Full() {
  Capture capture = Simple();
  capture.full = true;
  capture.packet_limit.reset();
  return capture;
}

Progress After(const Capture& capture, absl::Duration age) {
  return ProgressAt(capture, kSubmitted + age);
}

// The states seen when looking every millisecond.
std::vector<std::string> Timeline(const Capture& capture, absl::Duration until) {
  std::vector<std::string> seen;
  for (absl::Duration age; age <= until; age += absl::Milliseconds(1)) {
    const std::string status(After(capture, age).status);
    if (seen.empty() || seen.back() != status) seen.push_back(status);
  }
  return seen;
}

using States = std::vector<std::string>;

TEST(Capture, ASimpleOneGoesThroughItsStatesWithinSimpleDuration) {
  EXPECT_EQ(Timeline(Simple(), absl::Seconds(1)),
            (States{"pending", "conversion_pending", "conversion_running", "success"}));
  EXPECT_EQ(After(Simple(), absl::Milliseconds(299)).status, "conversion_running");
  EXPECT_EQ(After(Simple(), absl::Milliseconds(300)).status, "success");
}

TEST(Capture, ASimpleOneWithoutDurationIsDoneAtOnce) {
  Capture capture = Simple();
  capture.pace.simple_duration = absl::ZeroDuration();
  EXPECT_EQ(After(capture, absl::ZeroDuration()).status, "success");
}

TEST(Capture, AFullOneRunsForItsTimeLimit) {
  EXPECT_EQ(Timeline(Full(), absl::Seconds(12)),
            (States{"pending", "running", "conversion_pending", "conversion_running", "success"}));
  EXPECT_EQ(After(Full(), absl::Seconds(10)).status, "running");
  EXPECT_EQ(After(Full(), absl::Seconds(11)).status, "success");
}

TEST(Capture, TimeScaleShortensAFullOne) {
  Capture capture = Full();
  capture.pace.time_scale = 0.01;
  EXPECT_EQ(After(capture, absl::Milliseconds(100)).status, "running");
  EXPECT_EQ(After(capture, absl::Milliseconds(400)).status, "success");
}

TEST(Capture, PacketsCapturedGrowUntilTheEndAndThenStay) {
  const int64_t early = After(Full(), absl::Seconds(2)).packets_captured;
  const int64_t later = After(Full(), absl::Seconds(5)).packets_captured;
  const int64_t end = After(Full(), absl::Seconds(20)).packets_captured;
  EXPECT_EQ(After(Full(), absl::ZeroDuration()).packets_captured, 0);
  EXPECT_GT(early, 0);
  EXPECT_GT(later, early);
  EXPECT_GT(end, later);
  EXPECT_EQ(After(Full(), absl::Seconds(30)).packets_captured, end);
}

TEST(Capture, PacketLimitAndByteLimitEndAFullOneEarly) {
  Capture packets = Full();
  packets.packet_limit = 2000;
  EXPECT_EQ(After(packets, absl::Seconds(3)).status, "success");
  EXPECT_EQ(After(packets, absl::Seconds(3)).packets_captured, 2000);
  Capture bytes = Full();
  bytes.byte_limit = 800'000;
  EXPECT_EQ(After(bytes, absl::Seconds(2)).status, "success");
  EXPECT_EQ(After(bytes, absl::Seconds(2)).packets_captured, 1000);
}

TEST(Capture, StopEndsAFullOneAndKeepsWhatWasCaptured) {
  Capture capture = Full();
  capture.stop_requested = kSubmitted + absl::Seconds(2);
  EXPECT_EQ(After(capture, absl::Seconds(1)).status, "running");
  EXPECT_EQ(After(capture, absl::Seconds(2)).status, "conversion_pending");
  EXPECT_EQ(After(capture, absl::Seconds(3)).status, "success");
  EXPECT_NEAR(After(capture, absl::Seconds(3)).packets_captured, 1925, 1);
}

TEST(Capture, StopBeforeItRunsLeavesNoPackets) {
  Capture capture = Full();
  capture.stop_requested = kSubmitted + absl::Milliseconds(10);
  EXPECT_EQ(After(capture, absl::Seconds(1)).status, "success");
  EXPECT_EQ(After(capture, absl::Seconds(1)).packets_captured, 0);
}

TEST(Capture, WhatCanMatchNothingFailsAfterItsWholeTime) {
  Capture simple = Simple();
  simple.filter.protocol = kExperimental1;
  EXPECT_EQ(After(simple, absl::Milliseconds(299)).status, "conversion_running");
  EXPECT_EQ(After(simple, absl::Milliseconds(300)).status, "failed");
  Capture full = Full();
  full.filter.protocol = kExperimental2;
  EXPECT_EQ(After(full, absl::Seconds(10)).status, "running");
  EXPECT_EQ(After(full, absl::Seconds(11)).status, "failed");
  EXPECT_EQ(After(full, absl::Seconds(11)).packets_captured, 0);
}

TEST(Capture, APinnedStatusStands) {
  Capture capture = Simple();
  capture.pinned_status = "complete";
  EXPECT_EQ(After(capture, absl::ZeroDuration()).status, "complete");
}

TEST(Capture, ItsFileLooksBackFromOffsetTimeAndHoldsPacketLimit) {
  const PcapFileSpec spec = FileOf(Simple());
  EXPECT_EQ(spec.packets, 100U);
  EXPECT_EQ(spec.begin, kSubmitted - absl::Seconds(10));
  EXPECT_EQ(spec.begin + spec.window, kSubmitted);
}

TEST(Capture, ItsFileHoldsFewerPacketsThanAskedForWhenTimeIsShort) {
  Capture capture = Simple();
  capture.time_limit = 1;
  capture.packet_limit = 10'000;
  EXPECT_EQ(FileOf(capture).packets, 100U);
}

}  // namespace
}  // namespace pcaps::emulator
