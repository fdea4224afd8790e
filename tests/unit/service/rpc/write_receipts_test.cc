#include "service/rpc/write_receipts.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

TEST(WriteReceipts, TheLastOfAThingIsFoundAndOldOnesAreForgotten) {
  WriteReceipts receipts;
  receipts.Add("a", "1", "ray-1");
  receipts.Add("b", "1", "ray-2");
  receipts.Add("a", "1", "ray-3");
  EXPECT_EQ(receipts.Find("a", "1"), "ray-3");
  EXPECT_EQ(receipts.Find("b", "1"), "ray-2");
  EXPECT_EQ(receipts.Find("b", "2"), "");
  for (int i = 0; i < 1000; ++i) receipts.Add("c", absl::StrCat(i), "ray");
  EXPECT_EQ(receipts.Find("a", "1"), "");
  EXPECT_EQ(receipts.Find("c", "0"), "ray");
}

}  // namespace
}  // namespace pcaps
