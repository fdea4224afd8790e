#include "service/gateway/pcap_scanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "clients/base/error.h"
#include "tests/unit/support/pcap_bytes.h"

namespace pcaps {
namespace {

absl::StatusOr<uint64_t> Scan(const std::string& file, size_t step = 1 << 20) {
  PcapScanner scanner;
  for (size_t at = 0; at < file.size(); at += step) {
    if (absl::Status bad = scanner.Feed(file.substr(at, step)); !bad.ok()) return bad;
  }
  return scanner.Finish();
}

std::string Block(uint32_t type, const std::string& body, bool big_endian = false) {
  const auto length = static_cast<uint32_t>(body.size() + 12);
  return Bytes32({type, length}, big_endian) + body + Bytes32({length}, big_endian);
}

std::string Section(bool big_endian = false) {
  return Block(0x0A0D0D0A, Bytes32({0x1A2B3C4D, 0x00000001, 0xFFFFFFFF, 0xFFFFFFFF}, big_endian),
               big_endian);
}

void ExpectNoCapture(const std::string& file) {
  const absl::StatusOr<uint64_t> packets = Scan(file);
  ASSERT_FALSE(packets.ok());
  EXPECT_EQ(ReasonOf(packets.status()), v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
}

TEST(PcapScanner, CountsPacketsInBothByteOrdersAndTimeResolutions) {
  EXPECT_EQ(Scan(MakePcap(7, 160)).value(), 7u);
  EXPECT_EQ(Scan(MakePcap(7, 160, true)).value(), 7u);
  EXPECT_EQ(Scan(MakePcap(7, 160, false, 0xA1B23C4D)).value(), 7u);
  EXPECT_EQ(Scan(MakePcap(0, 0)).value(), 0u);
}

TEST(PcapScanner, CutsAnywhereMakeNoDifference) {
  const std::string file = MakePcap(5, 33);
  for (size_t step = 1; step < 60; ++step) EXPECT_EQ(Scan(file, step).value(), 5u) << step;
  const std::string ng =
      Section() + Block(1, Bytes32({1, 0})) + Block(6, Bytes32({0, 0, 0, 4, 4, 9}));
  for (size_t step = 1; step < 60; ++step) EXPECT_EQ(Scan(ng, step).value(), 1u) << step;
}

TEST(PcapScanner, CountsPcapngPacketsAcrossSectionsOfDifferentByteOrder) {
  const std::string enhanced = Bytes32({0, 0, 0, 4, 4, 9});
  const std::string file = Section() + Block(6, enhanced) + Block(3, Bytes32({4, 9})) +
                           Section(true) + Block(6, Bytes32({0, 0, 0, 4, 4, 9}, true), true);
  EXPECT_EQ(Scan(file).value(), 3u);
}

TEST(PcapScanner, AFileThatEndsInsideARecordIsNoCapture) {
  const std::string file = MakePcap(2, 50);
  for (const size_t cut : {1, 10, 49, 51, 65}) {
    ExpectNoCapture(file.substr(0, file.size() - cut));
  }
  ExpectNoCapture(file.substr(0, 23));
  ExpectNoCapture("");
  const std::string ng = Section();
  ExpectNoCapture(ng.substr(0, ng.size() - 2));
}

TEST(PcapScanner, OtherBytesAreNoCapture) {
  ExpectNoCapture("{\"success\":false,\"errors\":[]}");
  ExpectNoCapture("<html><body>502 Bad Gateway</body></html>");
  ExpectNoCapture(std::string(4096, '\0'));
}

TEST(PcapScanner, ImpossibleLengthsAreNoCapture) {
  std::string file = MakePcap(1, 10);
  file.replace(32, 4, Bytes32({262145}));
  ExpectNoCapture(file);
  ExpectNoCapture(Section() + Bytes32({6, 8, 8}));
  ExpectNoCapture(Section() + Bytes32({6, 14, 0, 0}));
  std::string mismatched = Section() + Block(6, Bytes32({1, 2, 3}));
  mismatched.replace(mismatched.size() - 4, 4, Bytes32({28}));
  ExpectNoCapture(mismatched);
}

}  // namespace
}  // namespace pcaps
