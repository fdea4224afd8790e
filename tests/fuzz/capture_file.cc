// Capture files: the verdict does not depend on how the bytes arrive, and agrees with a reader that
// has them all. Input: two bytes that say how the rest, the file, is cut.
#include <algorithm>
#include <optional>
#include <string>

#include "service/gateway/pcap_scanner.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

// What PcapScanner does, with the whole file at hand. Nothing where it is not a capture.
class WholeFile {
 public:
  explicit WholeFile(absl::string_view bytes) : bytes_(bytes) {}

  std::optional<uint64_t> Packets() {
    if (bytes_.size() < 4) return std::nullopt;
    const uint32_t magic = Number(0);
    if (magic == 0x0A0D0D0A) return PacketsOfBlocks();
    swapped_ = magic == 0xD4C3B2A1 || magic == 0x4D3CB2A1;
    if (!swapped_ && magic != 0xA1B2C3D4 && magic != 0xA1B23C4D) return std::nullopt;
    return PacketsOfRecords();
  }

 private:
  uint32_t Number(size_t at) const {
    uint32_t number = 0;
    for (size_t i = 4; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes_[at + i]);
    return swapped_ ? __builtin_bswap32(number) : number;
  }

  std::optional<uint64_t> PacketsOfRecords() const {
    uint64_t packets = 0;
    size_t at = 24;
    for (; at < bytes_.size(); ++packets) {
      if (bytes_.size() - at < 16 || Number(at + 8) > 262144) return std::nullopt;
      at += 16 + Number(at + 8);
    }
    return at == bytes_.size() ? std::optional(packets) : std::nullopt;
  }

  std::optional<uint64_t> PacketsOfBlocks() {
    uint64_t packets = 0;
    size_t at = 0;
    while (at < bytes_.size()) {
      if (bytes_.size() - at < 12) return std::nullopt;
      const bool section = Number(at) == 0x0A0D0D0A;
      if (section) {
        swapped_ = false;
        swapped_ = Number(at + 8) == 0x4D3C2B1A;
        if (Number(at + 8) != 0x1A2B3C4D) return std::nullopt;
      }
      const uint32_t type = Number(at);
      const uint32_t length = Number(at + 4);
      const uint32_t least = section ? 16 : 12;
      if (length < least || length % 4 != 0 || length > 16 << 20) return std::nullopt;
      if (bytes_.size() - at < length || Number(at + length - 4) != length) return std::nullopt;
      if (!section && (type == 2 || type == 3 || type == 6)) ++packets;
      at += length;
    }
    return packets;
  }

  const absl::string_view bytes_;
  bool swapped_ = false;
};

// The verdict on the file, fed in pieces of up to `longest` bytes, whose lengths follow from
// `seed`.
absl::StatusOr<uint64_t> Verdict(absl::string_view file, size_t longest, uint32_t seed) {
  PcapScanner scanner;
  while (!file.empty()) {
    seed = seed * 1664525 + 1013904223;
    const size_t piece = std::min<size_t>(1 + (seed >> 16) % longest, file.size());
    const absl::Status fed = scanner.Feed(file.substr(0, piece));
    if (!fed.ok()) return fed;
    file.remove_prefix(piece);
  }
  return scanner.Finish();
}

void Feed(uint8_t longest, uint8_t seed, absl::string_view file) {
  const absl::StatusOr<uint64_t> whole = Verdict(file, std::max<size_t>(file.size(), 1), 0);
  const absl::StatusOr<uint64_t> pieces = Verdict(file, size_t{longest} + 1, seed);
  Require(whole.status() == pieces.status(), "the verdict is the same in pieces",
          pieces.status().message());
  if (whole.ok()) Require(*whole == *pieces, "the packets are the same in pieces");
  if (!whole.ok()) Require(IsOneLine(whole.status().message()), "a verdict is one line");
  const std::optional<uint64_t> expected = WholeFile(file).Packets();
  Require(whole.ok() == expected.has_value(), "the verdict is right", whole.status().message());
  if (whole.ok()) Require(*whole == *expected, "the packets are counted");
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return -1;
  pcaps::Feed(data[0], data[1], {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
