#include "service/admin/health_pages.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

Readiness Ready() { return {.phase = GatewayPhase::kServing, .hanging = {}, .notes = {}}; }

TEST(HealthPages, AllIsWell) {
  EXPECT_EQ(HealthPage({}).status, 200);
  EXPECT_EQ(HealthPage({}).body, "ok\n");
  EXPECT_TRUE(Ready().ready());
  EXPECT_EQ(ReadyPage(Ready()).status, 200);
  EXPECT_EQ(ReadyPage(Ready()).body, "ok config\nok loops\nok serving\n");
}

TEST(HealthPages, ALoopThatHangsFailsBoth) {
  const std::vector<LoopHealth::Hanging> hanging = {{"control", absl::Seconds(12)}};
  EXPECT_EQ(HealthPage(hanging).status, 503);
  EXPECT_EQ(HealthPage(hanging).body, "the control loop has not answered for 12 s\n");
  Readiness readiness = Ready();
  readiness.hanging = hanging;
  EXPECT_FALSE(readiness.ready());
  EXPECT_EQ(ReadyPage(readiness).status, 503);
  EXPECT_EQ(ReadyPage(readiness).body,
            "ok config\nNO loops: the control loop has not answered for 12 s\nok serving\n");
}

TEST(HealthPages, OnlyAServingGatewayIsReady) {
  Readiness readiness = Ready();
  readiness.phase = GatewayPhase::kStarting;
  EXPECT_EQ(ReadyPage(readiness).status, 503);
  EXPECT_EQ(ReadyPage(readiness).body, "ok config\nok loops\nNO serving: starting\n");
  readiness.phase = GatewayPhase::kDraining;
  EXPECT_EQ(ReadyPage(readiness).status, 503);
  EXPECT_EQ(ReadyPage(readiness).body, "ok config\nok loops\nNO serving: draining\n");
}

TEST(HealthPages, NotesAreShownAndFailNothing) {
  Readiness readiness = Ready();
  readiness.notes = {"redis: down"};
  EXPECT_TRUE(readiness.ready());
  EXPECT_EQ(ReadyPage(readiness).status, 200);
  EXPECT_EQ(ReadyPage(readiness).body, "ok config\nok loops\nok serving\n-- redis: down\n");
}

}  // namespace
}  // namespace pcaps
