// Watching a capture, as `watch` and `capture` both do.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/timeline.h"

namespace pcaps::pcapctl {

// The state in which the capture is done; FAILED_PRECONDITION/CAPTURE_FAILED when it failed. `call`
// is the session's, or one that outlives its interrupt.
absl::StatusOr<v1::Pcap> WatchUntilDone(const Session& session, const CallOptions& call,
                                        const std::string& pcap_id, Timeline& timeline);

}  // namespace pcaps::pcapctl
