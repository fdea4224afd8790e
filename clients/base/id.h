// What accounts, captures and ownerships are called, here and by the upstream.
#pragma once

#include "absl/strings/string_view.h"

namespace pcaps {

// 1 to 32 characters of [0-9A-Za-z_-]: safe in a path, a key and a log as it is. Nothing else
// becomes part of a path, whoever said it: a caller, the upstream, or the shared state.
bool IsId(absl::string_view text);

}  // namespace pcaps
