// Watching: the states of captures as they come, over as many streams as it takes.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <functional>

#include "absl/status/statusor.h"
#include "clients/gateway/call_options.h"
#include "clients/gateway/connection.h"

namespace pcaps {

// Called on the watching thread for every event. After a reconnect the current state comes once
// more.
using OnWatchEvent = std::function<void(const v1::WatchEvent& event)>;

namespace internal {

// Returns the state in which the capture is done. A stream that ends UNAVAILABLE (STREAM_EXPIRED,
// DRAINING, a lost connection) is followed by another. Errors: NOT_FOUND/CAPTURE_NOT_FOUND also
// when the capture vanishes while watched; DATA_LOSS when the gateway ends the stream although the
// capture is not done.
absl::StatusOr<v1::Pcap> WatchUntilDone(const Connection& connection,
                                        const v1::WatchPcapRequest& request,
                                        const OnWatchEvent& on_event, const CallOptions& options);

// Follows the named captures until they are all done; without names every capture of the account,
// until the deadline or the stop token. Streams follow each other as above.
absl::Status WatchAll(const Connection& connection, const v1::WatchPcapsRequest& request,
                      const OnWatchEvent& on_event, const CallOptions& options);

}  // namespace internal
}  // namespace pcaps
