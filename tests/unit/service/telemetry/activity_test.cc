#include "service/telemetry/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kBegin = absl::FromUnixSeconds(1'700'000'010);  // Of a slice.

// "name: calls refused failed upstream_requests"
std::vector<std::string> Lines(const std::vector<NamedActivity>& activity) {
  std::vector<std::string> lines;
  for (const auto& [name, counts] : activity) {
    lines.push_back(absl::StrCat(name, ": ", counts.calls, " ", counts.refused, " ", counts.failed,
                                 " ", counts.upstream_requests));
  }
  return lines;
}

TEST(Activity, TellsHowCallsEnded) {
  Activity activity;
  for (const auto end : {StatusCode::kOk, StatusCode::kOk, StatusCode::kResourceExhausted,
                         StatusCode::kNotFound, StatusCode::kUnavailable}) {
    activity.CountCall("account", "caller", end, kBegin);
  }
  activity.CountCall("", "other caller", StatusCode::kUnauthenticated, kBegin);
  activity.CountUpstreamRequest("account", kBegin);
  EXPECT_THAT(Lines(activity.TopAccounts(9, kBegin)), ElementsAre("account: 5 1 2 1"));
  EXPECT_THAT(Lines(activity.TopCallers(9, kBegin)),
              ElementsAre("caller: 5 1 2 0", "other caller: 1 0 1 0"));
}

TEST(Activity, ShowsTheBusiestOfEitherKind) {
  Activity activity;
  for (int i = 1; i <= 5; ++i) {
    for (int k = 0; k < i; ++k) {
      activity.CountCall(absl::StrCat("reads-", i), "", StatusCode::kOk, kBegin);
      activity.CountUpstreamRequest(absl::StrCat("watches-", i), kBegin);
    }
  }
  activity.CountCall("reads-0", "", StatusCode::kOk, kBegin);  // As many as reads-1.
  EXPECT_THAT(Lines(activity.TopAccounts(2, kBegin)),
              ElementsAre("watches-5: 0 0 0 5", "watches-4: 0 0 0 4", "reads-5: 5 0 0 0",
                          "reads-4: 4 0 0 0"));
  EXPECT_EQ(activity.TopAccounts(100, kBegin).size(), 11U);
  EXPECT_THAT(activity.TopAccounts(0, kBegin), IsEmpty());
}

TEST(RecentActivity, IsForgottenSliceBySlice) {
  const absl::Duration window = RecentActivity::kSlice * RecentActivity::kSlices;
  RecentActivity recent;
  recent.Add("a", {.calls = 1}, kBegin);
  recent.Add("a", {.calls = 2}, kBegin + RecentActivity::kSlice);
  const absl::Duration moment = absl::Seconds(1);
  EXPECT_THAT(Lines(recent.Top(9, kBegin + window - moment)), ElementsAre("a: 3 0 0 0"));
  EXPECT_THAT(Lines(recent.Top(9, kBegin + window)), ElementsAre("a: 2 0 0 0"));
  EXPECT_THAT(recent.Top(9, kBegin + window + RecentActivity::kSlice), IsEmpty());
  // Their places are taken again.
  recent.Add("b", {.calls = 4}, kBegin + window);
  EXPECT_THAT(Lines(recent.Top(9, kBegin + window)), ElementsAre("b: 4 0 0 0", "a: 2 0 0 0"));
  // A thread that was held up tells of what is forgotten, and destroys nothing.
  recent.Add("b", {.calls = 1}, kBegin);
  EXPECT_THAT(Lines(recent.Top(9, kBegin + window)), ElementsAre("b: 5 0 0 0", "a: 2 0 0 0"));
}

TEST(RecentActivity, OfTooManyNamesIsSummedUp) {
  RecentActivity recent;
  for (size_t i = 0; i < RecentActivity::kMaxNames + 5; ++i) {
    recent.Add(absl::StrCat("made-up-", i), {.calls = 1, .refused = 1}, kBegin);
  }
  recent.Add("made-up-0", {.calls = 1}, kBegin);  // Known already.
  recent.Add(std::string(RecentActivity::kMaxNameBytes + 1, 'x'), {.calls = 1}, kBegin);
  std::vector<NamedActivity> top = recent.Top(2 * RecentActivity::kMaxNames, kBegin);
  EXPECT_EQ(top.size(), RecentActivity::kMaxNames + 1);
  EXPECT_EQ(Lines({top.front()}), std::vector<std::string>{"made-up-0: 2 1 0 0"});
  EXPECT_EQ(Lines({top.back()}), std::vector<std::string>{"(others): 6 5 0 0"});
  // The next slice has room again.
  recent.Add("new", {.calls = 9}, kBegin + RecentActivity::kSlice);
  top = recent.Top(1, kBegin + RecentActivity::kSlice);
  EXPECT_THAT(Lines(top), ElementsAre("new: 9 0 0 0", "(others): 6 5 0 0"));
}

TEST(Activity, LosesNoCountOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 5000;
  Activity activity;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&activity] {
      for (int i = 0; i < kCalls; ++i) {  // Over three slices, while they are looked at.
        const absl::Time now = kBegin + absl::Seconds(90) * i / kCalls;
        activity.CountCall("a", absl::StrCat("caller-", i % 7), StatusCode::kOk, now);
        activity.CountUpstreamRequest("a", now);
        if (i % 1000 == 0) activity.TopCallers(3, now);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const absl::Time end = kBegin + absl::Seconds(90);
  EXPECT_THAT(Lines(activity.TopAccounts(1, end)), ElementsAre("a: 20000 0 0 20000"));
  int64_t calls = 0;
  for (const NamedActivity& caller : activity.TopCallers(9, end)) calls += caller.counts.calls;
  EXPECT_EQ(calls, kThreads * kCalls);
}

}  // namespace
}  // namespace pcaps
