#include "clients/base/table.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

TEST(AlignColumns, MakesColumnsAsWideAsTheirWidestCell) {
  EXPECT_EQ(AlignColumns({{"A", "LONG", "C"}, {"123", "4", ""}}), "A    LONG  C\n123  4\n");
  EXPECT_EQ(AlignColumns({}), "");
}

}  // namespace
}  // namespace pcaps
