#include "service/state/metered_state.h"

#include <gtest/gtest.h>

#include <set>

#include "service/state/memory_state.h"
#include "tests/unit/support/failing_state.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

struct Observed {
  StateCommand command;
  absl::Duration took;
  bool ok;
};

TEST(MeteredState, EachCallIsTimedAndAnsweredAsItWouldBe) {
  boost::asio::io_context loop;
  ManualClock clock(absl::FromUnixSeconds(1'700'000'000));
  std::vector<Observed> seen;
  MeteredState state(std::make_unique<MemoryState>(loop.get_executor(), clock), clock,
                     [&](StateCommand command, absl::Duration took, bool ok) {
                       seen.push_back({command, took, ok});
                     });
  const Bucket bucket{"b", 1, 10, 10};
  EXPECT_TRUE(*RunTask(loop, state.PutIfNewer("k", {{}, "v"}, absl::Hours(1))));
  EXPECT_EQ((*RunTask(loop, state.GetMany({"k"})))[0]->value, "v");
  EXPECT_TRUE(RunTask(loop, state.CompareAndSet("r", std::nullopt, "1", absl::Hours(1)))->swapped);
  EXPECT_EQ(RunTask(loop, state.Get("r"))->value(), "1");
  EXPECT_EQ(RunTask(loop, state.Take({{{bucket}}, 1}))->left, 9);
  EXPECT_TRUE(RunTask(loop, state.Hold("b", 5, clock.Now() + absl::Seconds(1))).ok());
  EXPECT_TRUE(RunTask(loop, state.Close("b", clock.Now())).ok());
  EXPECT_TRUE(RunTask(loop, state.Reopen(bucket)).ok());
  EXPECT_TRUE(RunTask(loop, state.TakePollTurn("a", "me", {"1"}, absl::Seconds(1)))->mine);
  EXPECT_TRUE(RunTask(loop, state.GivePollTurn("a", "me")).ok());
  EXPECT_TRUE(RunTask(loop, state.Publish("news")).ok());
  std::set<std::string> names;
  for (const Observed& each : seen) {
    EXPECT_TRUE(each.ok);
    names.insert(std::string(StateCommandName(each.command)));
  }
  EXPECT_EQ(seen.size(), kStateCommands);
  EXPECT_EQ(names.size(), kStateCommands) << "each command has its name";
}

}  // namespace
}  // namespace pcaps
