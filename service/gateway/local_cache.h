// LocalCache: the newest values this process knows, bounded in number.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "service/state/shared_state.h"

namespace pcaps {

// A value as it is remembered. Times are of this process's clock.
struct Remembered {
  Order order;
  std::string bytes;       // Serialised; empty for what is known not to exist.
  absl::Time seen;         // When the call that saw it began.
  absl::Time fresh_until;  // Until then it is as good as a new one.
};

}  // namespace pcaps
