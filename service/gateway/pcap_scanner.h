// PcapScanner: proves, while the bytes pass, that they are a capture file, and counts its packets.
// Knows classic pcap (both byte orders, micro- and nanoseconds) and pcapng (both byte orders).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps {

class PcapScanner {
 public:
  // The next bytes of the file. Errors: INTERNAL/UPSTREAM_BAD_RESPONSE where they cannot be one;
  // then stop.
  absl::Status Feed(absl::string_view data);

  // Call at the end of the file: how many packets it holds. Errors: as above, where the file ends
  // inside a record.
  absl::StatusOr<uint64_t> Finish() const;

 private:
  enum class Expect {
    kMagic,          // 4 bytes that tell the format; then:
    kPcapHeader,     // classic: the other 20 bytes of the file header,
    kPcapRecord,     //   16 bytes of record header, then its data to skip.
    kSectionLength,  // pcapng: 8 bytes of a section header, its length and byte order,
    kBlock,          //   8 bytes of a block header, then its body to skip,
    kTrailer,        //   4 bytes that repeat the block's length.
  };

  // Handles the header of the size NeededBytes() names, and says what comes next.
  absl::Status Take(absl::string_view header);
  absl::Status TakeMagic(absl::string_view header);
  absl::Status TakeRecord(absl::string_view header);
  absl::Status TakeSection(absl::string_view header);
  absl::Status TakeBlock(absl::string_view header);
  absl::Status EnterBlock(uint32_t length, uint32_t header_bytes);
  size_t NeededBytes() const;
  uint32_t Number(absl::string_view header, size_t at) const;
  absl::Status Bad(absl::string_view what) const;

  Expect expect_ = Expect::kMagic;
  bool swapped_ = false;       // The file's byte order is not little-endian.
  std::string pending_;        // Part of a header that has arrived.
  uint64_t skip_ = 0;          // Bytes of data before the next header.
  uint32_t block_length_ = 0;  // pcapng: what the trailer must repeat.
  uint64_t position_ = 0;      // Bytes fed, for messages.
  uint64_t packets_ = 0;
};

}  // namespace pcaps
