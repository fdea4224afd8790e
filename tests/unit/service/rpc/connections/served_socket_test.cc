#include "service/rpc/connections/served_socket.h"

#include <gtest/gtest.h>

#include "tests/unit/service/rpc/connections/listening.h"

namespace pcaps {
namespace {

TEST(ServedSocket, IsReleasedOnceItsDescriptorIsClosedThoughAnotherIsOpen) {
  ConnectedPair pair;
  const Descriptor duplicate = pair.server.Duplicate();
  const ServedSocket served(pair.server.get());
  EXPECT_FALSE(served.IsReleased());
  pair.server.Reset();
  EXPECT_TRUE(served.IsReleased());
}

TEST(ServedSocket, IsReleasedThoughTheNumberIsUsedAgain) {
  ConnectedPair pair;
  const ServedSocket served(pair.server.get());
  const ConnectedPair another;
  ASSERT_EQ(dup2(another.server.get(), pair.server.get()), pair.server.get());
  EXPECT_TRUE(served.IsReleased());
}

TEST(ServedSocket, OfNothingIsReleased) { EXPECT_TRUE(ServedSocket(-1).IsReleased()); }

}  // namespace
}  // namespace pcaps
