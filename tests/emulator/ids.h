// IdSource: ids as the API gives them, 32 lower-case hex digits; the nth id of a seed is always the
// same.
#pragma once

#include <cstdint>
#include <string>

namespace pcaps::emulator {

class IdSource {
 public:
  explicit IdSource(uint64_t seed) : seed_(seed) {}

  // An id of a capture or an ownership.
  std::string NextId();
  // A cf-ray: 16 hex digits and a data centre.
  std::string NextRay();

 private:
  uint64_t seed_;
  uint64_t ids_ = 0;
  uint64_t rays_ = 0;
};

}  // namespace pcaps::emulator
