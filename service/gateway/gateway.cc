#include "service/gateway/gateway.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "service/gateway/download.h"
#include "service/gateway/page.h"

namespace pcaps {
namespace {

constexpr absl::Duration kOverloadedRetry = absl::Seconds(1);
constexpr double kExpirySpread = 0.2;

absl::Status Precondition(v1::ErrorReason reason, absl::string_view message, const v1::Pcap& pcap) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message,
                   {{"status", v1::Pcap::Status_Name(pcap.status())}});
}

// OK where the upstream has a file for this capture.
absl::Status CheckDownloadable(const v1::Pcap& pcap) {
  if (pcap.type() == v1::Pcap::TYPE_FULL) {
    return Precondition(v1::ERROR_REASON_CAPTURE_NOT_DOWNLOADABLE,
                        "a full capture is written to its bucket and cannot be downloaded here",
                        pcap);
  }
  if (pcap.status() == v1::Pcap::STATUS_FAILED) {
    return Precondition(v1::ERROR_REASON_CAPTURE_FAILED, "the capture failed, there is no file",
                        pcap);
  }
  if (!pcap.done()) {
    return Precondition(v1::ERROR_REASON_CAPTURE_NOT_READY,
                        "the capture is not done; watch it, or set wait_until_ready", pcap);
  }
  return absl::OkStatus();
}

// Counts one download while it lives.
class DownloadSlot {
 public:
  explicit DownloadSlot(std::atomic<int>& count) : count_(count), now_(++count) {}
  ~DownloadSlot() { --count_; }
  DownloadSlot(const DownloadSlot&) = delete;
  DownloadSlot& operator=(const DownloadSlot&) = delete;

  bool Within(int max) const { return now_ <= max; }

 private:
  std::atomic<int>& count_;
  const int now_;
};

}  // namespace

Gateway::Gateway(Loop control, PcapsApi& api, std::vector<DownloadLane> lanes, Clock& clock,
                 std::function<double()> uniform, GatewayOptions options)
    : control_(control),
      api_(api),
      lanes_(std::move(lanes)),
      clock_(clock),
      uniform_(std::move(uniform)),
      options_(options),
      hub_(control, api, clock, options.watch),
      creations_(control, [this](v1::CreatePcapRequest request) {
        const absl::Time deadline = clock_.Now() + options_.request_timeout;
        return api_.CreatePcap(std::move(request), deadline);
      }) {}

Task<absl::StatusOr<v1::ListPcapsResponse>> Gateway::ListPcaps(v1::ListPcapsRequest request,
                                                               absl::Time deadline) {
  absl::StatusOr<std::vector<v1::Pcap>> all =
      co_await api_.ListPcaps(request.account_id(), deadline);
  if (!all.ok()) co_return all.status();
  absl::StatusOr<Page<v1::Pcap>> page =
      CutPage(*std::move(all), request.account_id(), request.page_size(), request.page_token());
  if (!page.ok()) co_return page.status();
  v1::ListPcapsResponse response;
  response.mutable_pcaps()->Assign(page->items.begin(), page->items.end());
  response.set_next_page_token(page->next_token);
  co_return response;
}

Task<absl::StatusOr<v1::Pcap>> Gateway::GetPcap(v1::GetPcapRequest request, absl::Time deadline) {
  co_return co_await api_.GetPcap(request.account_id(), request.pcap_id(), deadline);
}

// The POST has a deadline of its own: a caller's impatience must not make its outcome unknown.
Task<absl::StatusOr<v1::Pcap>> Gateway::CreatePcap(v1::CreatePcapRequest request,
                                                   absl::Time /*deadline*/) {
  co_return co_await creations_.Run(std::move(request));
}

Task<absl::StatusOr<v1::StopPcapResponse>> Gateway::StopPcap(v1::StopPcapRequest request,
                                                             absl::Time deadline) {
  const absl::StatusOr<v1::Pcap> pcap =
      co_await api_.GetPcap(request.account_id(), request.pcap_id(), deadline);
  if (!pcap.ok()) co_return pcap.status();
  if (pcap->type() == v1::Pcap::TYPE_SIMPLE) {
    co_return Precondition(v1::ERROR_REASON_CAPTURE_NOT_STOPPABLE,
                           "a simple capture asks recorded history; there is nothing to stop",
                           *pcap);
  }
  if (pcap->done()) co_return v1::StopPcapResponse();
  const absl::Status stopped =
      co_await api_.StopPcap(request.account_id(), request.pcap_id(), deadline);
  if (stopped.ok()) co_return v1::StopPcapResponse();
  if (ReasonOf(stopped) == v1::ERROR_REASON_UPSTREAM_REJECTED) {
    // It may have ended between the two calls.
    const absl::StatusOr<v1::Pcap> now =
        co_await api_.GetPcap(request.account_id(), request.pcap_id(), deadline);
    if (now.ok() && now->done()) co_return v1::StopPcapResponse();
  }
  co_return stopped;
}

absl::Time Gateway::StreamExpiry() {
  const double life = 1 + kExpirySpread * (2 * uniform_() - 1);
  return clock_.Now() + life * options_.max_watch_duration;
}

template <typename Request>
StreamWatchOptions Gateway::StreamOptionsOf(const Request& request) {
  StreamWatchOptions options;
  options.expires = StreamExpiry();
  options.heartbeat_interval = request.has_heartbeat_interval()
                                   ? FromProtoDuration(request.heartbeat_interval())
                                   : options_.heartbeat_interval;
  return options;
}

Task<absl::Status> Gateway::WatchPcap(v1::WatchPcapRequest request,
                                      StreamWriter<v1::WatchEvent>& writer) {
  absl::StatusOr<std::unique_ptr<Watcher>> watcher =
      hub_.Watch(request.account_id(), {request.pcap_id()});
  if (!watcher.ok()) co_return watcher.status();
  StreamWatchOptions options = StreamOptionsOf(request);
  options.must_exist = true;
  co_return co_await StreamWatch(**watcher, clock_, options, writer);
}

Task<absl::Status> Gateway::WatchPcaps(v1::WatchPcapsRequest request,
                                       StreamWriter<v1::WatchEvent>& writer) {
  absl::StatusOr<std::unique_ptr<Watcher>> watcher =
      hub_.Watch(request.account_id(), {request.pcap_ids().begin(), request.pcap_ids().end()});
  if (!watcher.ok()) co_return watcher.status();
  StreamWatchOptions options = StreamOptionsOf(request);
  options.mark_snapshot = true;
  co_return co_await StreamWatch(**watcher, clock_, options, writer);
}

const DownloadLane& Gateway::NextLane() { return lanes_[next_lane_++ % lanes_.size()]; }

Task<absl::Status> Gateway::DownloadPcap(const DownloadLane& lane, v1::DownloadPcapRequest request,
                                         StreamWriter<v1::DownloadPcapResponse>& writer) {
  const absl::StatusOr<v1::Pcap> pcap = co_await RunOn(control_, FindDownloadable(request));
  if (!pcap.ok()) co_return pcap.status();
  const DownloadSlot slot(downloads_);  // Only now: a reader that waits holds no file.
  if (!slot.Within(options_.max_downloads)) {
    co_return WithRetryAfter(
        MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                  absl::StrCat("all ", options_.max_downloads, " download streams are taken")),
        kOverloadedRetry);
  }
  absl::StatusOr<PcapFile> file =
      co_await lane.api->DownloadPcap(request.account_id(), request.pcap_id(), options_.whole_max,
                                      clock_.Now() + options_.request_timeout);
  if (!file.ok()) co_return file.status();
  co_return co_await SendPcap(*std::move(file), std::move(request), options_.chunk_size, writer);
}

Task<absl::StatusOr<v1::Pcap>> Gateway::FindDownloadable(v1::DownloadPcapRequest request) {
  absl::StatusOr<v1::Pcap> pcap = absl::UnknownError("");
  if (request.wait_until_ready()) {
    pcap = co_await AwaitDone(request.account_id(), request.pcap_id());
  } else {
    pcap = co_await api_.GetPcap(request.account_id(), request.pcap_id(),
                                 clock_.Now() + options_.request_timeout);
  }
  if (!pcap.ok()) co_return pcap.status();
  if (absl::Status refused = CheckDownloadable(*pcap); !refused.ok()) co_return refused;
  co_return pcap;
}

Task<absl::StatusOr<v1::Pcap>> Gateway::AwaitDone(std::string account_id, std::string pcap_id) {
  absl::StatusOr<std::unique_ptr<Watcher>> watcher = hub_.Watch(account_id, {pcap_id});
  if (!watcher.ok()) co_return watcher.status();
  const absl::Time expires = StreamExpiry();
  while (true) {
    absl::StatusOr<std::optional<v1::WatchEvent>> next = co_await (*watcher)->Next(expires);
    if (!next.ok()) co_return next.status();
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the reader left");
    if (!next->has_value() && clock_.Now() >= expires) co_return StreamExpired();
    if (!next->has_value()) continue;
    const v1::WatchEvent& event = **next;
    if (event.has_pcap()) {
      // A full capture will never be downloadable: its reader need not wait to learn that.
      const bool settled = event.pcap().done() || event.pcap().type() == v1::Pcap::TYPE_FULL;
      if (settled) co_return event.pcap();
    } else {
      co_return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND,
                          absl::StrCat("the account has no capture ", pcap_id));
    }
  }
}

}  // namespace pcaps
