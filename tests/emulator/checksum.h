// The internet checksum (RFC 1071).
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pcaps::emulator {

// Sum of the 16-bit words of `data` on top of `sum`, not folded yet. An odd last byte is padded
// with zero, so only the last part of a sum may be odd.
uint64_t AddWords(uint64_t sum, absl::string_view data);
// Folds to 16 bits and complements: the value of the header field.
uint16_t Finish(uint64_t sum);

}  // namespace pcaps::emulator
