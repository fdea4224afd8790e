#include "service/rpc/connections/host_debts.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

constexpr absl::Time kNow = absl::UnixEpoch();
constexpr int64_t kEach = HostDebts::kMaxOfConnection;
constexpr int64_t kAllowed = HostDebts::kMax / kEach;

TEST(HostDebts, AddUp) {
  HostDebts debts;
  for (int i = 0; i < kAllowed; ++i) EXPECT_FALSE(debts.Add("a", kEach, kNow));
  EXPECT_FALSE(debts.Add("b", kEach, kNow));
  EXPECT_TRUE(debts.Add("a", 1, kNow));
}

TEST(HostDebts, ArePaidByTheSecond) {
  HostDebts debts;
  absl::Time now = kNow;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(debts.Add("a", HostDebts::kPaidPerSecond, now)) << i;
    now += absl::Seconds(1);
  }
}

TEST(HostDebts, OfAClientThatLeftLargeRequestsBehindAreBounded) {
  HostDebts debts;
  EXPECT_FALSE(debts.Add("a", int64_t{1} << 40, kNow));
  EXPECT_FALSE(debts.Add("a", int64_t{1} << 40, kNow));
}

TEST(HostDebts, AreForgottenOncePaid) {
  HostDebts debts;
  for (int i = 0; i < kAllowed; ++i) EXPECT_FALSE(debts.Add("a", kEach, kNow));
  const absl::Time later = kNow + absl::Seconds(HostDebts::kMax / HostDebts::kPaidPerSecond);
  for (int i = 0; i < 5000; ++i) EXPECT_FALSE(debts.Add(absl::StrCat(i), kEach, later));
  for (int i = 0; i < kAllowed; ++i) EXPECT_FALSE(debts.Add("a", kEach, later));
  EXPECT_TRUE(debts.Add("a", 1, later));
}

}  // namespace
}  // namespace pcaps
