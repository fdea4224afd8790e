// A TCP port, as people write it.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace pcaps {

// 1 to 65535 in decimal digits; nothing for any other text. Boost.URL's port_number() tells no port
// that is too large from another one.
std::optional<int> PortFrom(absl::string_view text);

}  // namespace pcaps
