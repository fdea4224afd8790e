#include "service/rpc/connections/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace pcaps {
namespace {

PeerAddress V4(const char* address, uint16_t port) {
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, address, &from.sin_addr), 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &from, sizeof(from));
  return PeerOf(storage).value();
}

PeerAddress V6(const char* address, uint16_t port, uint32_t link = 0) {
  sockaddr_in6 from{};
  from.sin6_family = AF_INET6;
  from.sin6_port = htons(port);
  from.sin6_scope_id = link;
  EXPECT_EQ(inet_pton(AF_INET6, address, &from.sin6_addr), 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &from, sizeof(from));
  return PeerOf(storage).value();
}

TEST(PeerAddress, IsNamedAsGrpcNamesIt) {
  EXPECT_EQ(V4("192.0.2.1", 5).name, "ipv4:192.0.2.1:5");
  EXPECT_EQ(V6("2001:db8::1", 65535).name, "ipv6:%5B2001:db8::1%5D:65535");
  EXPECT_EQ(V6("::1", 5).name, "ipv6:%5B::1%5D:5");
  EXPECT_EQ(V6("fe80::1", 5, 2).name, "ipv6:%5Bfe80::1%252%5D:5");
}

TEST(PeerAddress, IsIPv4WhereIPv6OnlyMapsIt) {
  EXPECT_EQ(V6("::ffff:192.0.2.1", 5).name, V4("192.0.2.1", 5).name);
  EXPECT_EQ(V6("::ffff:192.0.2.1", 5).host, V4("192.0.2.1", 6).host);
}

TEST(PeerAddress, OfOneHostDiffersInPortOrTheLowHalfOfIPv6) {
  EXPECT_EQ(V4("192.0.2.1", 5).host, V4("192.0.2.1", 6).host);
  EXPECT_NE(V4("192.0.2.1", 5).host, V4("192.0.2.2", 5).host);
  EXPECT_EQ(V6("2001:db8:1:2::1", 5).host, V6("2001:db8:1:2:ffff::9", 6).host);
  EXPECT_NE(V6("2001:db8:1:2::1", 5).host, V6("2001:db8:1:3::1", 5).host);
  EXPECT_NE(V6("fe80::1", 5, 1).host, V6("fe80::1", 5, 2).host);
}

TEST(PeerAddress, OfAnotherFamilyIsNone) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(PeerOf(storage).has_value());
}

}  // namespace
}  // namespace pcaps
