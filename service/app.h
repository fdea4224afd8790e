// App: the composition root. Builds everything in order, serves until SIGTERM or SIGINT, drains in
// reverse.
#pragma once

#include "absl/status/status.h"
#include "service/config.h"

namespace pcaps {

// Whether RunApp would begin: the files that the configuration names are read, and nothing is asked
// for that cannot be served. The environment, which may be another one then, is not looked at.
absl::Status CheckApp(const Config& config);

// Returns after draining: OK. Errors before serving: those of CheckApp, a token that is missing, a
// port that cannot be had. After the first signal a second one ends the process at once. SIGINT
// skips drain.delay: nobody routes calls to a terminal.
absl::Status RunApp(const Config& config);

}  // namespace pcaps
