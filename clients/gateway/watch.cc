#include "clients/gateway/watch.h"

#include <optional>

#include "clients/base/error.h"
#include "clients/gateway/call.h"

namespace pcaps::internal {
namespace {

// What one stream has told.
struct Seen {
  bool anything = false;
  bool removed = false;
  std::optional<v1::Pcap> done;
};

absl::Status ReadStream(const Connection& connection, const v1::WatchPcapRequest& request,
                        const OnWatchEvent& on_event, const CallOptions& options, Seen& seen) {
  Call call(connection, options, options.deadline);
  const auto reader = connection.stub->WatchPcap(&call.context(), request);
  v1::WatchEvent event;
  while (reader->Read(&event)) {
    on_event(event);
    seen.anything = true;
    if (event.has_pcap() && event.pcap().done()) seen.done = event.pcap();
    if (!event.removed_pcap_id().empty()) seen.removed = true;
  }
  return call.Outcome(reader->Finish());
}

}  // namespace

absl::StatusOr<v1::Pcap> WatchUntilDone(const Connection& connection,
                                        const v1::WatchPcapRequest& request,
                                        const OnWatchEvent& on_event, const CallOptions& options) {
  Backoff backoff(connection.backoff, options);
  while (true) {
    Seen seen;
    const absl::Status status = ReadStream(connection, request, on_event, options, seen);
    // However the stream ended after it: nothing else can follow.
    if (seen.done.has_value()) return *seen.done;
    if (seen.removed) {
      return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND,
                       "the capture was removed");
    }
    if (status.ok()) {
      return absl::DataLossError("the gateway ended the watch before the capture was done");
    }
    if (seen.anything) backoff.Reset();
    const absl::Status give_up = backoff.WaitAfter(status);
    if (!give_up.ok()) return give_up;
  }
}

absl::Status WatchAll(const Connection& connection, const v1::WatchPcapsRequest& request,
                      const OnWatchEvent& on_event, const CallOptions& options) {
  Backoff backoff(connection.backoff, options);
  while (true) {
    Call call(connection, options, options.deadline);
    const auto reader = connection.stub->WatchPcaps(&call.context(), request);
    v1::WatchEvent event;
    while (reader->Read(&event)) {
      on_event(event);
      backoff.Reset();
    }
    const absl::Status status = call.Outcome(reader->Finish());
    if (status.ok()) return status;
    const absl::Status give_up = backoff.WaitAfter(status);
    if (!give_up.ok()) return give_up;
  }
}

}  // namespace pcaps::internal
