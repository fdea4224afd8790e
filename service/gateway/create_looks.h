// CreateLooks: when a creation whose outcome is unknown is worth another look at the list, however
// often it is asked for. On the control loop.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "service/state/expiring_map.h"

namespace pcaps {

class CreateLooks {
 public:
  // `clock` outlives it.
  explicit CreateLooks(Clock& clock) : clock_(clock) {}

  // How long the last look in vain stands: 0 where there was none.
  absl::Duration UntilNext(const std::string& key);
  // It was looked for in vain. That stands longer each time.
  void WasInVain(const std::string& key);

 private:
  struct Look {
    absl::Time next = absl::InfinitePast();
    absl::Duration stands;
  };

  Clock& clock_;
  ExpiringMap<Look> looks_{10000};  // Some 300 bytes each.
};

// How long the first look in vain stands.
constexpr absl::Duration kFirstLookStands = absl::Seconds(5);

}  // namespace pcaps
