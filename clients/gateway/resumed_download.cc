#include "clients/gateway/resumed_download.h"

#include <utility>

#include "clients/base/error.h"

namespace pcaps {
namespace {

// A capture's file hardly changes once. More than this is an upstream that cannot be downloaded
// from.
constexpr int kMaxRestarts = 3;

absl::StatusOr<DownloadResult> DownloadRest(PartFile& file, v1::DownloadPcapRequest request,
                                            const GatewayClient& client, const CallOptions& call,
                                            const ResumedDownloadListener& listener) {
  request.set_read_offset(file.size());
  request.set_if_etag(file.etag());
  const auto begin = [&](const v1::DownloadInfo& info) {
    absl::Status begun = file.Begin(info);
    listener.on_progress(file.size(), file.whole_size());
    return begun;
  };
  const auto write = [&](absl::string_view bytes) {
    absl::Status written = file.Write(bytes);
    listener.on_progress(file.size(), file.whole_size());
    return written;
  };
  absl::StatusOr<DownloadResult> result = client.Download(request, write, call, begin);
  if (!result.ok()) return result;
  absl::StatusOr<std::string> digest = file.Commit();
  if (!digest.ok()) return digest.status();
  result->sha256 = *std::move(digest);
  result->size = file.size();
  return result;
}

// The bytes that are there are not the beginning of what the gateway has.
bool IsWrongPart(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return absl::IsDataLoss(status) || reason == v1::ERROR_REASON_DOWNLOAD_CHANGED ||
         reason == v1::ERROR_REASON_OFFSET_OUT_OF_RANGE;
}

}  // namespace

absl::StatusOr<DownloadResult> DownloadInto(PartFile& file, v1::DownloadPcapRequest request,
                                            const GatewayClient& client, const CallOptions& call,
                                            const ResumedDownloadListener& listener) {
  for (int restarts = 0;; ++restarts) {
    absl::StatusOr<DownloadResult> result = DownloadRest(file, request, client, call, listener);
    if (result.ok() || !IsWrongPart(result.status())) return result;
    const absl::Status emptied = file.Restart();
    if (!emptied.ok()) return emptied;
    if (restarts == kMaxRestarts) return result;
    listener.on_restart(result.status().message());
  }
}

}  // namespace pcaps
