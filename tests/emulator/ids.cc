#include "tests/emulator/ids.h"

#include "absl/strings/str_format.h"
#include "tests/emulator/random.h"

namespace pcaps::emulator {
namespace {

// Apart from each other, so that neither sequence depends on how long the other is.
constexpr uint64_t kIdStream = 0x1D;
constexpr uint64_t kRayStream = 0xC0F;

Random Sequence(uint64_t seed, uint64_t stream, uint64_t position) {
  return Random(Random(Random(seed).Next() ^ stream).Next() ^ position);
}

}  // namespace

std::string IdSource::NextId() {
  Random random = Sequence(seed_, kIdStream, ids_++);
  const uint64_t high = random.Next();
  return absl::StrFormat("%016x%016x", high, random.Next());
}

std::string IdSource::NextRay() {
  return absl::StrFormat("%016x-EMU", Sequence(seed_, kRayStream, rays_++).Next());
}

}  // namespace pcaps::emulator
