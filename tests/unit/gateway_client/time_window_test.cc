#include "clients/gateway/pcapctl/time_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pcaps {
namespace {

using pcapctl::TimeWindow;
using pcapctl::TimeWindowFlags;
using pcapctl::WindowOf;
using pcapctl::WindowOptions;
using pcapctl::WindowText;

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone)) << "tzdata is missing";
  return zone;
}

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

struct Golden {
  const char* now;
  TimeWindowFlags flags;
  const char* expected;  // What people are told of the window, or the exact error.
};

void Expect(const Golden& golden) {
  const auto window = WindowOf(golden.flags, At(golden.now), Berlin());
  const std::string told =
      window.ok() ? WindowText(*window, Berlin()) : std::string(window.status().message());
  EXPECT_EQ(told, golden.expected) << golden.flags.from << " " << golden.flags.to;
  EXPECT_TRUE(window.ok() || absl::IsInvalidArgument(window.status()));
}

constexpr char kNoon[] = "2026-03-01T12:00:00+01:00";

TEST(TimeWindow, IsFromATimeOfTheDayToAnother) {
  Expect({kNoon, {"11:03", "11:05"}, "2026-03-01 11:03:00 to 11:05:00 +01:00"});
  Expect({kNoon, {"11:03:07", "11:03:08"}, "2026-03-01 11:03:07 to 11:03:08 +01:00"});
  Expect({kNoon, {"9:55", "10:00"}, "2026-03-01 09:55:00 to 10:00:00 +01:00"});
}

TEST(TimeWindow, IsOfYesterdayWhereTodayIsStillToCome) {
  Expect({kNoon, {"14:03", "14:05"}, "2026-02-28 14:03:00 to 14:05:00 +01:00"});
  Expect({"2026-03-01T00:10:00+01:00",
          {"23:58", "00:03"},
          "2026-02-28 23:58:00 +01:00 to 2026-03-01 00:03:00 +01:00"});
  Expect({"2026-03-01T00:00:00+01:00",
          {"23:58", "00:00"},
          "2026-02-28 23:58:00 +01:00 to 2026-03-01 00:00:00 +01:00"});
}

TEST(TimeWindow, TakesTheTimeTheCurrentMinuteBeganAsPast) {
  Expect({"2026-03-01T12:00:00.5+01:00",
          {"11:59", "12:00"},
          "2026-03-01 11:59:00 to 12:00:00 +01:00"});
}

TEST(TimeWindow, IsGivenWhollyOrRelatively) {
  Expect({kNoon,
          {"2026-03-01T10:00:00Z", "2026-03-01T11:01:00+01:00"},
          "2026-03-01 11:00:00 to 11:01:00 +01:00"});
  Expect({kNoon, {"-10m", "-6m30s"}, "2026-03-01 11:50:00 to 11:53:30 +01:00"});
  Expect({kNoon, {"-2m", "now"}, "2026-03-01 11:58:00 to 12:00:00 +01:00"});
}

TEST(TimeWindow, LastsUntilNowOrAsLongAsSaid) {
  Expect({kNoon, {"11:57", ""}, "2026-03-01 11:57:00 to 12:00:00 +01:00"});
  Expect({kNoon, {"11:00", "", absl::Minutes(2)}, "2026-03-01 11:00:00 to 11:02:00 +01:00"});
  Expect({kNoon, {"", "11:00", absl::Minutes(2)}, "2026-03-01 10:58:00 to 11:00:00 +01:00"});
  Expect({kNoon, {"", "11:00"}, "2026-03-01 10:59:00 to 11:00:00 +01:00"});
}

TEST(TimeWindow, IsRoundedToWholeSecondsSoThatNothingIsLost) {
  const auto window = WindowOf({"2026-03-01T10:00:00.9Z", "2026-03-01T10:00:02.1Z"}, At(kNoon),
                               absl::UTCTimeZone());
  ASSERT_TRUE(window.ok()) << window.status();
  EXPECT_EQ(window->end, At("2026-03-01T10:00:02.1Z"));
  EXPECT_EQ(window->duration, absl::Seconds(2));
}

TEST(TimeWindow, OfFiveMinutesIsTheLongest) {
  Expect({kNoon, {"11:00", "11:05"}, "2026-03-01 11:00:00 to 11:05:00 +01:00"});
  Expect({kNoon,
          {"11:00", "11:05:01"},
          "--from: 2026-03-01 11:00:00 +01:00 to 2026-03-01 11:05:01 +01:00 are 5m1s; one capture "
          "covers at most 5m, so give an earlier --to or take several"});
  Expect({kNoon,
          {"11:00", ""},
          "--from: 2026-03-01 11:00:00 +01:00 to 2026-03-01 12:00:00 +01:00 are 1h; one capture "
          "covers at most 5m, so give an earlier --to or take several"});
}

TEST(TimeWindow, ThatMakesNoSenseIsRefusedWithTheTimesAsUnderstood) {
  Expect({kNoon,
          {"11:05", "11:03"},
          "--to: is not after --from: 2026-03-01 11:05:00 +01:00 to 2026-03-01 11:03:00 +01:00"});
  Expect({kNoon,
          {"11:05", "11:05"},
          "--to: is not after --from: 2026-03-01 11:05:00 +01:00 to 2026-03-01 11:05:00 +01:00"});
  Expect({kNoon,
          {"11:59", "", absl::Minutes(2)},
          "--to: lies in the future: 2026-03-01 11:59:00 +01:00 to 2026-03-01 12:01:00 +01:00; "
          "recorded history ends now, at 2026-03-01 12:00:00 +01:00"});
  Expect({kNoon,
          {"11:00", "11:01", absl::Minutes(1)},
          "--time-limit: --from and --to say it already; leave one of the three out"});
}

TEST(TimeWindow, ThatEndsLaterTodayIsNotTakenForOneThatEndsYesterday) {
  Expect({"2026-03-01T14:04:30+01:00",
          {"14:03", "14:05"},
          "--to: 14:05 is still to come; leave --to out for until now"});
  Expect({"2026-03-01T14:04:30+01:00",
          {"-2m", "14:05"},
          "--to: 14:05 is still to come; leave --to out for until now"});
  Expect({kNoon, {"", "14:05"}, "2026-02-28 14:04:00 to 14:05:00 +01:00"});
  Expect({kNoon,
          {"14:05", "14:03"},
          "--to: is not after --from: 2026-02-28 14:05:00 +01:00 to 2026-02-28 14:03:00 +01:00"});
}

TEST(TimeWindow, SaysTheOptionsThatMeanTheSameLater) {
  const absl::Time now = At("2026-03-01T12:00:00.123+01:00");
  const auto window = WindowOf({"-2m", ""}, now, Berlin());
  ASSERT_TRUE(window.ok()) << window.status();
  EXPECT_EQ(WindowOptions(*window, Berlin()),
            "--from 2026-03-01T11:58:00.123+01:00 --to 2026-03-01T12:00:00.123+01:00");
  const auto later = WindowOf({"2026-03-01T11:58:00.123+01:00", "2026-03-01T12:00:00.123+01:00"},
                              now + absl::Hours(1), absl::UTCTimeZone());
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->end, window->end);
  EXPECT_EQ(later->duration, window->duration);
}

TEST(TimeWindow, OfWordsThatAreNoTimesShowsHowToWriteThem) {
  for (const char* text : {"yesterday", "25:00", "11:60", "11:03pm", "2026-03-01", "--5m", "-",
                           "11", "infinite-past", "-inf", "-5"}) {
    EXPECT_EQ(WindowOf({text, ""}, At(kNoon), Berlin()).status().message(),
              std::string("--from: ") + text +
                  " is not a time: 14:03, 14:03:20, -10m, now, or 2026-03-01T12:00:00+01:00");
  }
}

TEST(TimeWindow, AcrossTheClocksGoingForwardIsAsLongAsItReallyWas) {
  Expect({"2026-03-29T12:00:00+02:00",
          {"01:58", "03:02"},
          "2026-03-29 01:58:00 +01:00 to 2026-03-29 03:02:00 +02:00"});
  Expect({"2026-03-29T12:00:00+02:00",
          {"02:30", "03:02"},
          "--from: 2026-03-29T02:30:00 was skipped when the clocks went forward; give "
          "2026-03-29T03:00:00+02:00 or another"});
}

TEST(TimeWindow, OfATimeThatCameTwiceMustSayWhich) {
  Expect({"2026-10-25T12:00:00+01:00",
          {"02:30", "03:00"},
          "--from: 2026-10-25T02:30:00 came twice when the clocks went back; give "
          "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"});
  Expect({"2026-10-25T12:00:00+01:00",
          {"2026-10-25T02:30:00+02:00", "2026-10-25T02:33:00+02:00"},
          "2026-10-25 02:30:00 to 02:33:00 +02:00"});
}

}  // namespace
}  // namespace pcaps
