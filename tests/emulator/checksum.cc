#include "tests/emulator/checksum.h"

namespace pcaps::emulator {

uint64_t AddWords(uint64_t sum, absl::string_view data) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  size_t i = 0;
  for (; i + 1 < data.size(); i += 2) sum += static_cast<uint64_t>(bytes[i] << 8 | bytes[i + 1]);
  if (i < data.size()) sum += static_cast<uint64_t>(bytes[i] << 8);
  return sum;
}

uint16_t Finish(uint64_t sum) {
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace pcaps::emulator
