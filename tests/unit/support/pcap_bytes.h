// Small capture files, byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pcaps {

inline std::string Bytes32(std::vector<uint32_t> numbers, bool big_endian = false) {
  std::string bytes;
  for (const uint32_t number : numbers) {
    for (int i = 0; i < 4; ++i) {
      bytes += static_cast<char>(number >> (big_endian ? 24 - 8 * i : 8 * i));
    }
  }
  return bytes;
}

// A classic pcap of `packets` packets of `packet_bytes` each.
inline std::string MakePcap(int packets, size_t packet_bytes, bool big_endian = false,
                            uint32_t magic = 0xA1B2C3D4) {
  std::string file = Bytes32({magic, 0x00040002, 0, 0, 65535, 1}, big_endian);
  for (int i = 0; i < packets; ++i) {
    const auto size = static_cast<uint32_t>(packet_bytes);
    file += Bytes32({1700000000, static_cast<uint32_t>(i), size, size}, big_endian);
    file += std::string(packet_bytes, static_cast<char>(i));
  }
  return file;
}

}  // namespace pcaps
