#include "service/gateway/pcap_scanner.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// Longest packet libpcap writes (MAXIMUM_SNAPLEN); more is not a packet but a sign of garbage.
constexpr uint32_t kMaxPacketBytes = 262144;
// A pcapng block: such a packet with its options, generously.
constexpr uint32_t kMaxBlockBytes = 16 << 20;
constexpr uint32_t kMinBlockBytes = 12;

constexpr uint32_t kMagicMicroseconds = 0xA1B2C3D4;
constexpr uint32_t kMagicNanoseconds = 0xA1B23C4D;
constexpr uint32_t kSectionHeaderBlock = 0x0A0D0D0A;  // Reads the same in both byte orders.
constexpr uint32_t kByteOrderMagic = 0x1A2B3C4D;
constexpr uint32_t kObsoletePacketBlock = 2;
constexpr uint32_t kSimplePacketBlock = 3;
constexpr uint32_t kEnhancedPacketBlock = 6;

uint32_t LittleEndian(absl::string_view bytes) {
  uint32_t number = 0;
  for (int i = 3; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

absl::Status PcapScanner::Bad(absl::string_view what) const {
  return MakeError(
      absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE,
      absl::StrCat("the upstream's file is not a capture: ", what, " near byte ", position_));
}

uint32_t PcapScanner::Number(absl::string_view header, size_t at) const {
  const uint32_t number = LittleEndian(header.substr(at, 4));
  return swapped_ ? __builtin_bswap32(number) : number;
}

size_t PcapScanner::NeededBytes() const {
  switch (expect_) {
    case Expect::kMagic:
    case Expect::kTrailer:
      return 4;
    case Expect::kPcapHeader:
      return 20;
    case Expect::kPcapRecord:
      return 16;
    case Expect::kSectionLength:
    case Expect::kBlock:
      return 8;
  }
  return 4;
}

absl::Status PcapScanner::Feed(absl::string_view data) {
  while (!data.empty()) {
    if (skip_ > 0) {
      const size_t skipped = std::min<uint64_t>(skip_, data.size());
      data.remove_prefix(skipped);
      skip_ -= skipped;
      position_ += skipped;
      continue;
    }
    const size_t taken = std::min(NeededBytes() - pending_.size(), data.size());
    absl::StrAppend(&pending_, data.substr(0, taken));
    data.remove_prefix(taken);
    position_ += taken;
    if (pending_.size() < NeededBytes()) break;
    const std::string header = std::move(pending_);
    pending_.clear();
    if (absl::Status status = Take(header); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PcapScanner::Take(absl::string_view header) {
  switch (expect_) {
    case Expect::kMagic:
      return TakeMagic(header);
    case Expect::kPcapHeader:
      expect_ = Expect::kPcapRecord;
      return absl::OkStatus();
    case Expect::kPcapRecord:
      return TakeRecord(header);
    case Expect::kSectionLength:
      return TakeSection(header);
    case Expect::kBlock:
      return TakeBlock(header);
    case Expect::kTrailer:
      if (Number(header, 0) != block_length_) return Bad("a block's two lengths differ");
      expect_ = Expect::kBlock;
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status PcapScanner::TakeMagic(absl::string_view header) {
  const uint32_t magic = LittleEndian(header);
  if (magic == kSectionHeaderBlock) {
    expect_ = Expect::kSectionLength;
    return absl::OkStatus();
  }
  const uint32_t other = __builtin_bswap32(magic);
  swapped_ = other == kMagicMicroseconds || other == kMagicNanoseconds;
  if (!swapped_ && magic != kMagicMicroseconds && magic != kMagicNanoseconds) {
    return Bad("no known magic number");
  }
  expect_ = Expect::kPcapHeader;
  return absl::OkStatus();
}

absl::Status PcapScanner::TakeRecord(absl::string_view header) {
  const uint32_t captured = Number(header, 8);
  if (captured > kMaxPacketBytes) return Bad("a packet longer than any link carries");
  ++packets_;
  skip_ = captured;
  return absl::OkStatus();
}

absl::Status PcapScanner::TakeSection(absl::string_view header) {
  const uint32_t order = LittleEndian(header.substr(4, 4));
  if (order != kByteOrderMagic && __builtin_bswap32(order) != kByteOrderMagic) {
    return Bad("no byte order in a section header");
  }
  swapped_ = order != kByteOrderMagic;
  return EnterBlock(Number(header, 0), 12);
}

absl::Status PcapScanner::TakeBlock(absl::string_view header) {
  const uint32_t type = Number(header, 0);
  if (type == kSectionHeaderBlock) {
    // Its length may be in the other byte order: put it back and read it with the magic behind it.
    pending_ = std::string(header.substr(4, 4));
    expect_ = Expect::kSectionLength;
    return absl::OkStatus();
  }
  const bool packet =
      type == kObsoletePacketBlock || type == kSimplePacketBlock || type == kEnhancedPacketBlock;
  if (packet) ++packets_;
  return EnterBlock(Number(header, 4), 8);
}

absl::Status PcapScanner::EnterBlock(uint32_t length, uint32_t header_bytes) {
  if (length < kMinBlockBytes || length < header_bytes + 4 || length > kMaxBlockBytes ||
      length % 4 != 0) {
    return Bad("a block of impossible length");
  }
  block_length_ = length;
  skip_ = length - header_bytes - 4;
  expect_ = Expect::kTrailer;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> PcapScanner::Finish() const {
  const bool between = expect_ == Expect::kPcapRecord || expect_ == Expect::kBlock;
  if (!between || skip_ > 0 || !pending_.empty()) return Bad("it ends inside a record");
  return packets_;
}

}  // namespace pcaps
