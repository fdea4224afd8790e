// Buckets: added, listed, proved, forgotten; and what an answer lost on the way comes to.
#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

TEST(Ownership, BucketIsAddedProvedWithItsChallengeListedAndForgotten) {
  World world;
  const v1::Ownership added = world.CreateOwnership();
  EXPECT_EQ(added.status(), v1::Ownership::STATUS_PENDING);
  EXPECT_EQ(added.destination_conf(), kBucket);
  EXPECT_TRUE(added.has_submit_time());
  EXPECT_FALSE(added.has_validate_time());
  EXPECT_FALSE(added.filename().empty());

  const auto proved = world.caller.Call(ValidateRequest(world.Challenge(added)));
  ASSERT_TRUE(proved.status.ok()) << proved.status;
  EXPECT_EQ(proved.response.id(), added.id());
  EXPECT_EQ(proved.response.status(), v1::Ownership::STATUS_SUCCESS);
  EXPECT_TRUE(proved.response.has_validate_time());

  const auto listed = world.caller.Call(ListOwnershipsRequest());
  ASSERT_EQ(listed.response.ownerships_size(), 1) << listed.status;
  EXPECT_EQ(listed.response.ownerships(0).ShortDebugString(), proved.response.ShortDebugString());

  EXPECT_TRUE(world.caller.Call(DeleteRequest(added.id())).status.ok());
  EXPECT_EQ(world.caller.Call(ListOwnershipsRequest()).response.ownerships_size(), 0);
  ExpectError(world.caller.Call(DeleteRequest(added.id())), absl::StatusCode::kNotFound,
              "OWNERSHIP_NOT_FOUND");
}

}  // namespace
}  // namespace pcaps::integration
