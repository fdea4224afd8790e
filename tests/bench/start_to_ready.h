// How long a gateway takes from exec to SERVING.
#pragma once

#include <string>
#include <vector>

namespace pcaps::bench {

// Runs the gateway `argv`, asks its health service as soon as it says where it listens, prints the
// milliseconds from exec to SERVING and ends it. False where it does not come to serve.
bool StartToReady(std::vector<std::string> argv);

}  // namespace pcaps::bench
