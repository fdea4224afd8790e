#include "service/gateway/watch_stream.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// Soon, but not all at once: expiry is spread already.
constexpr absl::Duration kReconnectDelay = absl::Milliseconds(100);

}  // namespace

absl::Status StreamExpired() {
  return WithRetryAfter(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STREAM_EXPIRED,
                                  "the stream has lived its life; watch again, nothing is lost"),
                        kReconnectDelay);
}

namespace {

absl::Status Removed(const std::string& pcap_id) {
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND,
                   absl::StrCat("the account has no capture ", pcap_id));
}

v1::WatchEvent HeartbeatOf(const Watcher& watcher) {
  v1::WatchEvent event;
  *event.mutable_heartbeat() = watcher.MakeHeartbeat();
  return event;
}

}  // namespace

Task<absl::Status> StreamWatch(Watcher& watcher, Clock& clock, StreamWatchOptions options,
                               StreamWriter<v1::WatchEvent>& writer) {
  const absl::Status left = absl::CancelledError("the watcher left");
  bool snapshot_marked = !options.mark_snapshot;
  bool sent_any = false;
  absl::Time heartbeat_due = clock.Now() + options.heartbeat_interval;
  while (true) {
    std::optional<v1::WatchEvent> event;
    bool marking = false;
    if (!snapshot_marked && watcher.SnapshotComplete() && watcher.AllSent()) {
      snapshot_marked = marking = true;
      event = HeartbeatOf(watcher);
    } else if (watcher.AllDone()) {
      co_return absl::OkStatus();
    } else {
      // The first heartbeat marks the snapshot, so there is none before it.
      absl::Time until = options.expires;
      if (snapshot_marked) until = std::min(until, heartbeat_due);
      absl::StatusOr<std::optional<v1::WatchEvent>> next = co_await watcher.Next(until);
      if (!next.ok()) co_return next.status();
      const bool cancelled = co_await Cancelled();
      if (cancelled) co_return left;
      event = *std::move(next);
      const absl::Time now = clock.Now();
      if (!event.has_value() && now >= options.expires) co_return StreamExpired();
      if (!event.has_value() && snapshot_marked && now >= until) event = HeartbeatOf(watcher);
    }
    if (!event.has_value()) continue;
    const std::string removed = options.must_exist ? event->removed_pcap_id() : std::string();
    if (!removed.empty() && !sent_any) co_return Removed(removed);
    if (removed.empty() && snapshot_marked && watcher.AllDone()) {
      const v1::WatchEvent::EventCase last = event->event_case();
      const bool last_written = co_await writer.WriteLast(*std::move(event));
      if (last_written) watcher.Wrote(last);
      co_return last_written ? absl::OkStatus() : left;
    }
    const double share = event->has_heartbeat() && !marking ? 1.0 : options.first_heartbeat_after;
    const v1::WatchEvent::EventCase kind = event->event_case();
    const bool written = co_await writer.Write(*std::move(event));
    if (!written) co_return left;
    watcher.Wrote(kind);
    if (!removed.empty()) co_return Removed(removed);
    sent_any = true;
    heartbeat_due = clock.Now() + share * options.heartbeat_interval;
  }
}

}  // namespace pcaps
