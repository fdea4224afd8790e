// Packets: the traffic a capture sees. Packet i of a seed and a filter is always the same, and
// obeys the filter; what the filter leaves open comes from the address blocks for documentation
// (RFC 5737, RFC 3849).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tests/emulator/frame.h"
#include "tests/emulator/packet_filter.h"

namespace pcaps::emulator {

class Packets {
 public:
  // Every frame is `frame_bytes` long; 0: as long as traffic is, from the smallest to
  // kMaxFrameBytes. `filter` can match.
  Packets(uint64_t seed, PacketFilter filter, size_t frame_bytes)
      : seed_(seed), filter_(std::move(filter)), frame_bytes_(frame_bytes) {}

  // The whole frame, not cut.
  std::string Frame(uint64_t index) const;
  // Its length, without making it.
  size_t FrameBytes(uint64_t index) const;

 private:
  struct Draft;
  // Everything but the payload.
  Draft MakeDraft(uint64_t index) const;

  uint64_t seed_;
  PacketFilter filter_;
  size_t frame_bytes_;
};

}  // namespace pcaps::emulator
