#include "service/gateway/gateway.h"

#include <functional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "service/gateway/download.h"
#include "service/gateway/page.h"

namespace pcaps {
namespace {

constexpr double kExpirySpread = 0.2;
constexpr double kHeartbeatSpread = 0.5;

absl::Status Precondition(v1::ErrorReason reason, absl::string_view message, const v1::Pcap& pcap) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message,
                   {{"status", v1::Pcap::Status_Name(pcap.status())}});
}

// OK where the upstream has a file for this capture.
absl::Status DownloadableOrWhyNot(const v1::Pcap& pcap) {
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

std::optional<absl::Duration> MaxAgeOf(const v1::GetPcapRequest& request) {
  if (!request.has_max_age()) return std::nullopt;
  return FromProtoDuration(request.max_age());
}

// One name for this process, wherever replicas must tell each other apart.
GatewayOptions Named(GatewayOptions options) {
  options.watch.holder = options.replica;
  options.read.holder = options.cache.alone ? "" : options.replica;
  return options;
}

}  // namespace

Gateway::Gateway(Loop control, UpstreamApis apis, SharedState& state,
                 std::vector<DownloadLane> lanes, Clock& clock, std::function<double()> uniform,
                 GatewayOptions options)
    : control_(control),
      apis_(apis),
      state_(state),
      lanes_(std::move(lanes)),
      clock_(clock),
      uniform_(std::move(uniform)),
      options_(Named(std::move(options))),
      cache_(control, state, clock, options_.cache),
      reader_(control, apis.reads, cache_, state, clock, options_.read),
      hub_(control, apis.polls, cache_, state, clock, uniform_, options_.watch),
      creations_(control, state, apis.writes, clock,
                 [this](std::string account_id, std::string pcap_id,
                        std::optional<absl::Duration> max_age, CallTerms terms) {
                   return ReadCapture({std::move(account_id), std::move(pcap_id)}, max_age,
                                      std::move(terms));
                 },
                 {.holder = options_.replica,
                  .request_timeout = options_.request_timeout,
                  .rules = options_.create_rules}),
      files_(options_.download_cache_size),
      files_on_their_way_(options_.max_downloads) {
  for (const DownloadLane& lane : lanes_) {
    const auto check = [this](CaptureKey key, std::shared_ptr<UpstreamCost> cost) {
      return RunOn(control_, CheckDownloadable(std::move(key), std::move(cost)));
    };
    fetchers_.push_back(
        std::make_unique<FileFetcher>(lane, check, files_, files_on_their_way_, clock_,
                                      FetchOptions{options_.request_timeout, options_.whole_max}));
  }
}

Task<absl::StatusOr<Served<v1::ListPcapsResponse>>> Gateway::ListPcaps(v1::ListPcapsRequest request,
                                                                       CallTerms terms) {
  auto all = co_await reader_.List(request.account_id(), std::move(terms));
  if (!all.ok()) co_return all.status();
  absl::StatusOr<Page<v1::Pcap>> page = CutPage(std::move(all->value), request.account_id(),
                                                request.page_size(), request.page_token());
  if (!page.ok()) co_return page.status();
  Served<v1::ListPcapsResponse> response{{}, all->cache, all->age};
  response.value.mutable_pcaps()->Assign(page->items.begin(), page->items.end());
  response.value.set_next_page_token(page->next_token);
  co_return response;
}

std::optional<absl::StatusOr<Served<v1::Pcap>>> Gateway::Cached(const v1::GetPcapRequest& request) {
  return reader_.Cached({request.account_id(), request.pcap_id()}, MaxAgeOf(request));
}

Task<absl::StatusOr<Served<v1::Pcap>>> Gateway::GetPcap(v1::GetPcapRequest request,
                                                        CallTerms terms) {
  CaptureKey key = {request.account_id(), request.pcap_id()};
  co_return co_await reader_.Get(std::move(key), MaxAgeOf(request), std::move(terms));
}

Task<absl::StatusOr<v1::Pcap>> Gateway::CreatePcap(v1::CreatePcapRequest request, CallTerms terms,
                                                   std::string caller) {
  const std::string account_id = request.account_id();
  absl::StatusOr<v1::Pcap> pcap =
      co_await creations_.Run(std::move(request), std::move(terms), std::move(caller));
  if (!pcap.ok()) co_return pcap;
  cache_.Observe(Seen(*pcap));
  cache_.ForgetList(account_id);
  co_return pcap;
}

Task<absl::StatusOr<v1::Pcap>> Gateway::ReadCapture(CaptureKey key,
                                                    std::optional<absl::Duration> max_age,
                                                    CallTerms terms) {
  auto served = co_await reader_.Get(std::move(key), max_age, std::move(terms));
  if (!served.ok()) co_return served.status();
  co_return std::move(served->value);
}

Task<absl::StatusOr<v1::Pcap>> Gateway::ToBeStopped(CaptureKey key, CallTerms terms) {
  const Known known = co_await cache_.Read(key);
  if (known != nullptr && !known->bytes.empty()) co_return CaptureOf(key, *known);
  const absl::StatusOr<v1::Pcap> pcap =
      co_await apis_.writes.GetPcap(key.account_id, key.pcap_id, std::move(terms));
  if (pcap.ok()) cache_.Observe(Seen(*pcap));
  if (ReasonOf(pcap.status()) == v1::ERROR_REASON_CAPTURE_NOT_FOUND) {
    cache_.ObserveMissing(key, state_.Now());
  }
  co_return pcap;
}

Task<absl::StatusOr<v1::StopPcapResponse>> Gateway::StopPcap(v1::StopPcapRequest request,
                                                             CallTerms terms) {
  const CaptureKey key = {request.account_id(), request.pcap_id()};
  const absl::StatusOr<v1::Pcap> pcap = co_await ToBeStopped(key, terms);
  if (!pcap.ok()) co_return pcap.status();
  if (pcap->type() == v1::Pcap::TYPE_SIMPLE) {
    co_return Precondition(v1::ERROR_REASON_CAPTURE_NOT_STOPPABLE,
                           "a simple capture asks recorded history; there is nothing to stop",
                           *pcap);
  }
  if (pcap->done()) co_return v1::StopPcapResponse();
  const absl::Status stopped = co_await apis_.writes.StopPcap(key.account_id, key.pcap_id, terms);
  NoteStop(key, *pcap, stopped);
  if (stopped.ok()) co_return v1::StopPcapResponse();
  if (ReasonOf(stopped) == v1::ERROR_REASON_UPSTREAM_REJECTED) {
    // It may have ended meanwhile.
    const absl::StatusOr<v1::Pcap> now =
        co_await apis_.writes.GetPcap(key.account_id, key.pcap_id, terms);
    if (now.ok()) cache_.Observe(Seen(*now));
    if (now.ok() && now->done()) co_return v1::StopPcapResponse();
  }
  co_return stopped;
}

void Gateway::NoteStop(const CaptureKey& key, const v1::Pcap& before, const absl::Status& stopped) {
  if (ReasonOf(stopped) == v1::ERROR_REASON_CAPTURE_NOT_FOUND) {
    return cache_.ObserveMissing(key, state_.Now());
  }
  // A read begun before now may not know of the stop, which may have happened whatever was said.
  Observation seen = Seen(before);
  seen.not_before = state_.Now();
  cache_.Observe(seen);
  cache_.ForgetList(key.account_id);
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
  options.first_heartbeat_after = 1 - kHeartbeatSpread * uniform_();
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

size_t Gateway::LaneOf(const std::string& pcap_id) const {
  return std::hash<std::string>()(pcap_id) % lanes_.size();
}

const Loop& Gateway::DownloadLoop(const v1::DownloadPcapRequest& request) const {
  return lanes_[LaneOf(request.pcap_id())].loop;
}

Task<absl::Status> Gateway::DownloadPcap(v1::DownloadPcapRequest request,
                                         StreamWriter<v1::DownloadPcapResponse>& writer,
                                         std::shared_ptr<UpstreamCost> cost) {
  const CaptureKey key{request.account_id(), request.pcap_id()};
  HeldFile held = files_.Find(key);
  if (held != nullptr) {
    ++files_held_;
    co_return co_await SendHeld(std::move(held), std::move(request), options_.chunk_size, writer);
  }
  ++files_asked_;
  if (request.wait_until_ready()) {
    const absl::Status ready = co_await RunOn(control_, AwaitDownloadable(key));
    if (!ready.ok()) co_return ready;
  }
  absl::StatusOr<Fetched> fetched = co_await fetchers_[LaneOf(key.pcap_id)]->Fetch(
      key, request.wait_until_ready(), std::move(cost));
  if (!fetched.ok()) co_return fetched.status();
  LargeFile* const large = std::get_if<LargeFile>(&*fetched);
  if (large != nullptr) {
    co_return co_await SendStreamed(std::move(large->file), std::move(request), options_.chunk_size,
                                    writer);
  }
  held = std::get<HeldFile>(*std::move(fetched));
  co_return co_await SendHeld(std::move(held), std::move(request), options_.chunk_size, writer);
}

Gateway::Counts Gateway::counts() const {
  Counts counts;
  counts.creates = creations_.counts();
  counts.watches = hub_.counts();
  counts.files_held = files_held_;
  counts.files_asked = files_asked_;
  counts.joined = reader_.joined() + creations_.joined();
  for (const auto& fetcher : fetchers_) counts.joined += fetcher->joined();
  counts.corrupt_values = cache_.corrupt_values();
  return counts;
}

Task<absl::Status> Gateway::CheckDownloadable(CaptureKey key, std::shared_ptr<UpstreamCost> cost) {
  CallTerms terms(clock_.Now() + options_.request_timeout, std::move(cost));
  const auto pcap = co_await reader_.Get(std::move(key), std::nullopt, std::move(terms));
  co_return pcap.ok() ? DownloadableOrWhyNot(pcap->value) : pcap.status();
}

Task<absl::Status> Gateway::AwaitDownloadable(CaptureKey key) {
  const absl::StatusOr<v1::Pcap> pcap = co_await AwaitDone(std::move(key));
  co_return pcap.ok() ? DownloadableOrWhyNot(*pcap) : pcap.status();
}

Task<absl::StatusOr<v1::Pcap>> Gateway::AwaitDone(CaptureKey key) {
  absl::StatusOr<std::unique_ptr<Watcher>> watcher = hub_.Watch(key.account_id, {key.pcap_id});
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
                          absl::StrCat("the account has no capture ", key.pcap_id));
    }
  }
}

}  // namespace pcaps
