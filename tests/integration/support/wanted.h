// How much of something a test is to do: little to see that it still holds, more to prove it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/numbers.h"

namespace pcaps::integration {

// The number in this environment variable, else the usual one.
inline int Wanted(const char* variable, int usual) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return usual;
  int wanted = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &wanted)) << variable;
  return wanted;
}

}  // namespace pcaps::integration
