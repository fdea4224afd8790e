// StreamWatch: what one watcher sees, as a stream: events, heartbeats in between, an end it can
// tell apart.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "service/gateway/stream_writer.h"
#include "service/gateway/watch_hub.h"

namespace pcaps {

struct StreamWatchOptions {
  absl::Duration heartbeat_interval =
      absl::Seconds(15);  // Time without an event before a heartbeat.
  // Share of it before the first one after an event: watchers told at the same time are spread.
  double first_heartbeat_after = 1;
  absl::Time expires = absl::InfiniteFuture();  // Then UNAVAILABLE/STREAM_EXPIRED.
  bool mark_snapshot = false;                   // A heartbeat follows the snapshot at once.
  bool must_exist = false;  // A removed capture ends the stream with NOT_FOUND/CAPTURE_NOT_FOUND.
};

// UNAVAILABLE/STREAM_EXPIRED with RetryInfo.
absl::Status StreamExpired();

// OK when all named captures are done or removed. On the control loop.
Task<absl::Status> StreamWatch(Watcher& watcher, Clock& clock, StreamWatchOptions options,
                               StreamWriter<v1::WatchEvent>& writer);

}  // namespace pcaps
