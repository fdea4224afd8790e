#include "tests/emulator/pcap_file.h"

#include <gtest/gtest.h>

#include "tests/unit/emulator/parsed_frame.h"
#include "tests/unit/emulator/parsed_pcap.h"

namespace pcaps::emulator {
namespace {

const absl::Time kBegin = absl::FromUnixSeconds(1'700'000'000);

PcapFileSpec Spec() {
  return {.seed = 3, .packets = 1000, .begin = kBegin, .window = absl::Seconds(60)};
}

std::string ReadAll(PcapFile file) {
  std::string all;
  for (std::string piece = file.Next(); !piece.empty(); piece = file.Next()) all += piece;
  return all;
}

TEST(PcapFile, IsAWellFormedFileOfExactlyItsSizeAndPackets) {
  const std::string bytes = ReadAll(PcapFile(Spec()));
  EXPECT_EQ(bytes.size(), PcapFile(Spec()).size());
  const auto parsed = ParsePcap(bytes);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->linktype, 1U);
  EXPECT_EQ(parsed->snaplen, 160U);
  EXPECT_EQ(parsed->records.size(), 1000U);
}

TEST(PcapFile, PacketsAreCutAt160BytesAndSayHowLongTheyWere) {
  const auto parsed = ParsePcap(ReadAll(PcapFile(Spec())));
  ASSERT_TRUE(parsed.has_value());
  size_t cut = 0;
  for (const PcapRecord& record : parsed->records) {
    EXPECT_EQ(record.data.size(), std::min<size_t>(record.wire_bytes, 160));
    EXPECT_EQ(ParseFrame(record.data).wire_bytes, record.wire_bytes);
    cut += record.wire_bytes > 160 ? 1 : 0;
  }
  EXPECT_GT(cut, 100U);
  EXPECT_LT(cut, 900U);
}

TEST(PcapFile, TimesAreInOrderAndInsideTheWindow) {
  const auto parsed = ParsePcap(ReadAll(PcapFile(Spec())));
  ASSERT_TRUE(parsed.has_value());
  absl::Time last = kBegin;
  for (const PcapRecord& record : parsed->records) {
    EXPECT_GE(record.time, last);
    last = record.time;
  }
  EXPECT_GT(last, kBegin + absl::Seconds(50));
  EXPECT_LT(last, kBegin + absl::Seconds(60));
}

TEST(PcapFile, SameSpecSameBytes) {
  EXPECT_EQ(ReadAll(PcapFile(Spec())), ReadAll(PcapFile(Spec())));
  PcapFileSpec other = Spec();
  ++other.seed;
  EXPECT_NE(ReadAll(PcapFile(Spec())), ReadAll(PcapFile(other)));
}

TEST(PcapFile, ALargeFileIsMadePieceByPieceAndHasTheSizeItPromised) {
  constexpr uint64_t kBytes = 20'000'000;
  PcapFile file(WithSize(Spec(), kBytes));
  EXPECT_LE(file.size(), kBytes);
  EXPECT_GT(file.size(), kBytes - 2000);
  uint64_t total = 0;
  for (std::string piece = file.Next(); !piece.empty(); piece = file.Next()) {
    EXPECT_LE(piece.size(), 70'000U);
    total += piece.size();
  }
  EXPECT_EQ(total, file.size());
}

TEST(PcapFile, ALargeFileIsWellFormedToo) {
  const auto parsed = ParsePcap(ReadAll(PcapFile(WithSize(Spec(), 500'000))));
  ASSERT_TRUE(parsed.has_value());
  ASSERT_GT(parsed->records.size(), 300U);
  for (const PcapRecord& record : parsed->records) EXPECT_EQ(record.data.size(), 1500U);
}

}  // namespace
}  // namespace pcaps::emulator
