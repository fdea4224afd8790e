// Watching a capture, as `watch` and `capture` both do.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/timeline.h"

namespace pcaps::pcapctl {

// Returns once the capture is done; FAILED_PRECONDITION/CAPTURE_FAILED when it failed.
absl::Status WatchUntilDone(const Session& session, const std::string& pcap_id, Timeline& timeline);

}  // namespace pcaps::pcapctl
