// BodySource: a body that is made while it is sent, so that its size costs no memory.
#pragma once

#include <cstdint>
#include <string>

namespace pcaps::emulator {

class BodySource {
 public:
  virtual ~BodySource() = default;

  // Bytes of the whole body.
  virtual uint64_t size() const = 0;
  // The next piece, some 64 KiB; empty at the end.
  virtual std::string Next() = 0;
};

}  // namespace pcaps::emulator
