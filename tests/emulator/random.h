// Random: a small generator whose sequence follows from its seed alone, on every platform
// (SplitMix64).
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pcaps::emulator {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // In [0, limit); `limit` is far below 2^64, so the bias of the remainder does not show.
  uint64_t Below(uint64_t limit) { return Next() % limit; }

  // In [0, 1).
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

// A seed from text, the same in every process (FNV-1a).
inline uint64_t SeedOf(absl::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

}  // namespace pcaps::emulator
