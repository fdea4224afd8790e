#include "clients/base/port.h"

#include <gtest/gtest.h>

namespace pcaps {
namespace {

TEST(Port, IsOneOf65535) {
  EXPECT_EQ(PortFrom("1"), 1);
  EXPECT_EQ(PortFrom("65535"), 65535);
  EXPECT_EQ(PortFrom("080"), 80);
  for (const char* text : {"", "0", "65536", "65616", "99999", "99999999999999999999", "-1", "+80",
                           " 80", "80 ", "http", "8o"}) {
    EXPECT_EQ(PortFrom(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pcaps
