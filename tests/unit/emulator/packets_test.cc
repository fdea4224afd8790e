#include "tests/emulator/packets.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/emulator/parsed_frame.h"

namespace pcaps::emulator {
namespace {

using boost::asio::ip::make_address;

constexpr uint64_t kSeed = 7;
constexpr uint64_t kMany = 500;

TEST(Packets, EveryLengthAndChecksumIsRight) {
  const Packets packets(kSeed, {}, 0);
  for (uint64_t i = 0; i < kMany; ++i) {
    const std::string frame = packets.Frame(i);
    const ParsedFrame parsed = ParseFrame(frame);
    EXPECT_EQ(parsed.wire_bytes, frame.size()) << i;
    EXPECT_TRUE(parsed.ip_checksum_ok) << i;
    EXPECT_TRUE(parsed.segment_checksum_ok) << i;
    EXPECT_LE(frame.size(), kMaxFrameBytes) << i;
  }
}

TEST(Packets, AWrongByteIsSeenByTheChecksumsOfThisTest) {
  std::string frame = Packets(kSeed, {.protocol = kTcp}, 200).Frame(0);
  frame[100] ^= 1;
  EXPECT_FALSE(ParseFrame(frame).segment_checksum_ok);
  std::string v4 = Packets(kSeed, {.protocol = kIcmp}, 200).Frame(0);
  v4[30] ^= 1;
  EXPECT_FALSE(ParseFrame(v4).ip_checksum_ok);
}

TEST(Packets, TheEmptyFilterSeesBothIpVersionsAndEveryCommonProtocol) {
  const Packets packets(kSeed, {}, 0);
  std::set<std::pair<bool, int>> seen;
  for (uint64_t i = 0; i < kMany; ++i) {
    const ParsedFrame parsed = ParseFrame(packets.Frame(i));
    seen.insert({parsed.source.is_v6(), parsed.protocol});
  }
  const std::set<std::pair<bool, int>> all = {{false, kTcp}, {false, kUdp}, {false, kIcmp},
                                              {true, kTcp},  {true, kUdp},  {true, kIcmpV6}};
  EXPECT_EQ(seen, all);
}

TEST(Packets, EveryFieldOfTheFilterIsObeyed) {
  const PacketFilter filter = {.source_address = make_address("10.1.2.3"),
                               .destination_address = make_address("10.4.5.6"),
                               .source_port = 1234,
                               .destination_port = 53,
                               .protocol = kUdp};
  const Packets packets(kSeed, filter, 0);
  for (uint64_t i = 0; i < kMany; ++i) {
    const ParsedFrame parsed = ParseFrame(packets.Frame(i));
    EXPECT_EQ(parsed.source, filter.source_address);
    EXPECT_EQ(parsed.destination, filter.destination_address);
    EXPECT_EQ(parsed.source_port, 1234);
    EXPECT_EQ(parsed.destination_port, 53);
    EXPECT_EQ(parsed.protocol, kUdp);
  }
}

TEST(Packets, OneAddressDecidesTheIpVersionOfBoth) {
  const Packets packets(kSeed, {.destination_address = make_address("2001:db8::1")}, 0);
  for (uint64_t i = 0; i < kMany; ++i) {
    const ParsedFrame parsed = ParseFrame(packets.Frame(i));
    EXPECT_TRUE(parsed.source.is_v6());
    EXPECT_EQ(parsed.destination, make_address("2001:db8::1"));
    EXPECT_NE(parsed.protocol, kIcmp);
  }
}

TEST(Packets, APortWithoutProtocolMeansTcpOrUdp) {
  const Packets packets(kSeed, {.destination_port = 443}, 0);
  std::set<int> protocols;
  for (uint64_t i = 0; i < kMany; ++i) {
    const ParsedFrame parsed = ParseFrame(packets.Frame(i));
    EXPECT_EQ(parsed.destination_port, 443);
    protocols.insert(parsed.protocol);
  }
  EXPECT_EQ(protocols, (std::set<int>{kTcp, kUdp}));
}

TEST(Packets, AnyOtherProtocolIsABarePayload) {
  constexpr uint8_t kGre = 47;
  const ParsedFrame parsed = ParseFrame(Packets(kSeed, {.protocol = kGre}, 0).Frame(3));
  EXPECT_EQ(parsed.protocol, kGre);
  EXPECT_TRUE(parsed.ip_checksum_ok);
}

TEST(Packets, LengthIsKnownWithoutMakingTheFrame) {
  const Packets varied(kSeed, {}, 0);
  for (uint64_t i = 0; i < kMany; ++i) EXPECT_EQ(varied.FrameBytes(i), varied.Frame(i).size());
  const Packets fixed(kSeed, {}, 1514);
  for (uint64_t i = 0; i < 20; ++i) EXPECT_EQ(fixed.Frame(i).size(), 1514U);
}

TEST(Packets, SameSeedSamePacketAndAnotherSeedAnother) {
  EXPECT_EQ(Packets(kSeed, {}, 0).Frame(9), Packets(kSeed, {}, 0).Frame(9));
  EXPECT_NE(Packets(kSeed, {}, 0).Frame(9), Packets(kSeed + 1, {}, 0).Frame(9));
  EXPECT_NE(Packets(kSeed, {}, 0).Frame(9), Packets(kSeed, {}, 0).Frame(10));
}

TEST(PacketFilter, ContradictionsAndExperimentalProtocolsMatchNothing) {
  EXPECT_TRUE(PacketFilter{}.CanMatch());
  EXPECT_TRUE((PacketFilter{.source_port = 1, .protocol = kTcp}).CanMatch());
  EXPECT_FALSE((PacketFilter{.protocol = 253}).CanMatch());
  EXPECT_FALSE((PacketFilter{.protocol = 254}).CanMatch());
  EXPECT_FALSE((PacketFilter{.source_port = 1, .protocol = kIcmp}).CanMatch());
  EXPECT_FALSE((PacketFilter{.source_address = make_address("::1"),
                             .destination_address = make_address("1.2.3.4")})
                   .CanMatch());
  EXPECT_FALSE((PacketFilter{.source_address = make_address("::1"), .protocol = kIcmp}).CanMatch());
}

}  // namespace
}  // namespace pcaps::emulator
