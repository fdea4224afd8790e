// App: the composition root. Builds everything in order, serves until SIGTERM or SIGINT, drains in
// reverse.
#pragma once

#include "absl/status/status.h"
#include "service/config.h"

namespace pcaps {

// Returns after draining: OK. Errors before serving: a token that cannot be read, a port that
// cannot be had. After the first signal a second one ends the process at once. SIGINT skips
// drain.delay: nobody routes calls to a terminal.
absl::Status RunApp(const Config& config);

}  // namespace pcaps
