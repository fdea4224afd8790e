// The limit of this process's open descriptors.
#pragma once

#include <cstdint>

namespace pcaps {

// Raises it to `needed`, or as far as it may be. Returns how many of them there are then.
int64_t RaiseDescriptorLimit(int64_t needed);

}  // namespace pcaps
