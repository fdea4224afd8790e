// ParsePcap: reads a classic little-endian pcap file back, sharing no code with what makes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pcaps::emulator {

struct PcapRecord {
  absl::Time time;
  uint32_t wire_bytes = 0;
  std::string data;
};

struct ParsedPcap {
  uint32_t snaplen = 0;
  uint32_t linktype = 0;
  std::vector<PcapRecord> records;
};

inline uint32_t Little32(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

// Empty where the file is not whole and well-formed.
inline std::optional<ParsedPcap> ParsePcap(const std::string& file) {
  if (file.size() < 24 || file.substr(0, 8) != std::string("\xD4\xC3\xB2\xA1\x02\x00\x04\x00", 8)) {
    return std::nullopt;
  }
  ParsedPcap parsed = {Little32(file, 16), Little32(file, 20), {}};
  for (size_t at = 24; at < file.size();) {
    if (file.size() - at < 16) return std::nullopt;
    const uint32_t captured = Little32(file, at + 8);
    if (file.size() - at - 16 < captured) return std::nullopt;
    const absl::Time time =
        absl::FromUnixSeconds(Little32(file, at)) + absl::Microseconds(Little32(file, at + 4));
    parsed.records.push_back({time, Little32(file, at + 12), file.substr(at + 16, captured)});
    at += 16 + captured;
  }
  return parsed;
}

}  // namespace pcaps::emulator
