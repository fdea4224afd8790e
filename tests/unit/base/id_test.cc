#include "clients/base/id.h"

#include <gtest/gtest.h>

#include <string>

namespace pcaps {
namespace {

TEST(Id, IsOneWordThatIsSafeInAPath) {
  for (const char* const id : {"a", "66802ca5668e47a2b82c2e6746e45037", "A_-9"}) {
    EXPECT_TRUE(IsId(id)) << id;
  }
  for (const char* const other : {"", ".", "..", "a/b", "a b", "a%2f", "a\n", "\xc3\xa9"}) {
    EXPECT_FALSE(IsId(other)) << other;
  }
  EXPECT_FALSE(IsId(std::string(33, 'a')));
  EXPECT_FALSE(IsId(std::string("a\0", 2)));
}

}  // namespace
}  // namespace pcaps
