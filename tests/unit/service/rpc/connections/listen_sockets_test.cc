#include "service/rpc/connections/listen_sockets.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/unit/service/rpc/connections/listening.h"

namespace pcaps {
namespace {

TEST(ListenSockets, OnPortZeroPickOne) {
  const absl::StatusOr<ListenSockets> listening = ListenOn("127.0.0.1:0");
  ASSERT_TRUE(listening.ok()) << listening.status();
  ASSERT_EQ(listening->sockets.size(), 1u);
  EXPECT_NE(listening->port, 0);
  EXPECT_TRUE(ConnectTo(listening->port).valid());
}

TEST(ListenSockets, OnEveryAddressTakeIPv4Too) {
  for (const char* const any : {"0.0.0.0:0", "[::]:0"}) {
    const absl::StatusOr<ListenSockets> listening = ListenOn(any);
    ASSERT_TRUE(listening.ok()) << listening.status();
    EXPECT_EQ(listening->sockets.size(), 1u);
    EXPECT_TRUE(ConnectTo(listening->port).valid());
  }
}

TEST(ListenSockets, OfANameHaveOnePort) {
  const absl::StatusOr<ListenSockets> listening = ListenOn("localhost:0");
  ASSERT_TRUE(listening.ok()) << listening.status();
  EXPECT_TRUE(ConnectTo(listening->port).valid());
}

TEST(ListenSockets, OnATakenPortAreNone) {
  const absl::StatusOr<ListenSockets> first = ListenOn("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const std::string listen = absl::StrCat("127.0.0.1:", first->port);
  const absl::Status second = ListenOn(listen).status();
  EXPECT_TRUE(absl::IsUnavailable(second));
  EXPECT_EQ(second.message(), absl::StrCat("cannot listen on ", listen,
                                           ": the port is taken or not ours to take (Address "
                                           "already in use); change listen"));
}

TEST(ListenSockets, OfANameWithoutAddressAreNone) {
  const absl::Status status = ListenOn("no-such-host.invalid:0").status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(status.message(), testing::HasSubstr("the host has no address"));
}

}  // namespace
}  // namespace pcaps
