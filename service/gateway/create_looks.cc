#include "service/gateway/create_looks.h"

#include <algorithm>

namespace pcaps {
namespace {

constexpr absl::Duration kLastLookStands = absl::Seconds(60);
// Who asks later than this begins anew.
constexpr absl::Duration kMemory = absl::Minutes(10);

}  // namespace

absl::Duration CreateLooks::UntilNext(const std::string& key) {
  const absl::Time now = clock_.Now();
  const Look* const look = looks_.Find(key, now);
  return look == nullptr ? absl::ZeroDuration() : std::max(look->next - now, absl::ZeroDuration());
}

void CreateLooks::WasInVain(const std::string& key) {
  const absl::Time now = clock_.Now();
  Look look{.stands = kFirstLookStands};
  const Look* const last = looks_.Find(key, now);
  if (last != nullptr) look.stands = std::min(2 * last->stands, kLastLookStands);
  look.next = now + look.stands;
  if (looks_.Put(key, look, now + kMemory, now)) return;
  looks_.EvictOne();
  looks_.Put(key, look, now + kMemory, now);
}

}  // namespace pcaps
