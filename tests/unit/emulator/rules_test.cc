#include "tests/emulator/rules.h"

#include <gtest/gtest.h>

namespace pcaps::emulator {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr char kAccount[] = "acct";

Capture Submitted(absl::Time when, bool full) {
  Capture capture;
  capture.full = full;
  capture.time_limit = 10;
  capture.submitted = when;
  return capture;
}

TEST(CreateRules, ASecondSimpleCaptureWithinAMinuteIsRefusedAndTheNextMinuteAllowsIt) {
  CreateRules rules({});
  const Capture first = Submitted(kNow, false);
  EXPECT_FALSE(rules.Check(kAccount, first, {}));
  rules.Created(kAccount, first);
  const auto refusal = rules.Check(kAccount, Submitted(kNow + absl::Seconds(59), false), {first});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 429);
  EXPECT_FALSE(refusal->retry_after);
  EXPECT_FALSE(rules.Check(kAccount, Submitted(kNow + absl::Seconds(60), false), {first}));
}

TEST(CreateRules, AccountsDoNotShareTheMinute) {
  CreateRules rules({});
  rules.Created(kAccount, Submitted(kNow, false));
  EXPECT_FALSE(rules.Check("other", Submitted(kNow, false), {}));
}

TEST(CreateRules, AFullCaptureIsRefusedWhileOneCapturesAndAllowedWhileItConverts) {
  const CreateRules rules({});
  const Capture running = Submitted(kNow, true);
  EXPECT_TRUE(rules.Check(kAccount, Submitted(kNow, true), {running}));
  EXPECT_TRUE(rules.Check(kAccount, Submitted(kNow + absl::Seconds(9), true), {running}));
  const absl::Time converting = kNow + absl::Milliseconds(10'100);
  EXPECT_EQ(ProgressAt(running, converting).status, "conversion_pending");
  EXPECT_FALSE(rules.Check(kAccount, Submitted(converting, true), {running}));
}

TEST(CreateRules, SimpleAndFullDoNotHinderEachOther) {
  CreateRules rules({});
  rules.Created(kAccount, Submitted(kNow, false));
  EXPECT_FALSE(rules.Check(kAccount, Submitted(kNow, true), {Submitted(kNow, false)}));
  EXPECT_FALSE(rules.Check("other", Submitted(kNow, false), {Submitted(kNow, true)}));
}

TEST(CreateRules, TheRefusalIsConfigurable) {
  CreateRules rules({.refusal_status = 409, .retry_after = true});
  rules.Created(kAccount, Submitted(kNow, false));
  const auto refusal =
      rules.Check(kAccount, Submitted(kNow + absl::Milliseconds(10'500), false), {});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 409);
  EXPECT_EQ(refusal->retry_after, 50);
}

TEST(CreateRules, DisabledAllowsEverything) {
  CreateRules rules({.enabled = false});
  rules.Created(kAccount, Submitted(kNow, false));
  EXPECT_FALSE(rules.Check(kAccount, Submitted(kNow, false), {}));
  EXPECT_FALSE(rules.Check(kAccount, Submitted(kNow, true), {Submitted(kNow, true)}));
}

}  // namespace
}  // namespace pcaps::emulator
