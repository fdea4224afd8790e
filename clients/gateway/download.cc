#include "clients/gateway/download.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps::internal {
namespace {

absl::Status Contradiction(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("the download is not what the gateway announced: ", what));
}

}  // namespace

Download::Download(const Connection& connection, v1::DownloadPcapRequest request,
                   const DownloadSink& sink, const CallOptions& options,
                   const OnDownloadInfo& on_info)
    : connection_(connection),
      request_(std::move(request)),
      sink_(sink),
      options_(options),
      on_info_(on_info) {
  result_.etag = request_.if_etag();
}

absl::StatusOr<DownloadResult> Download::Run() {
  Backoff backoff(connection_.backoff, options_);
  while (true) {
    const int64_t size_before = result_.size;
    const absl::Status status = RunStream();
    if (status.ok()) break;
    if (!CanContinue()) return status;
    if (result_.size > size_before) backoff.Reset();
    const absl::Status give_up = backoff.WaitAfter(status);
    if (!give_up.ok()) return give_up;
  }
  result_.sha256 = sha256_.Finish();
  return result_;
}

bool Download::CanContinue() const {
  if (result_.size == 0) return true;
  // Without an etag the rest could be another file's. A part that came whole but for its summary
  // cannot be asked for again: a read_limit of 0 means everything.
  return !result_.etag.empty() &&
         (request_.read_limit() == 0 || result_.size < request_.read_limit());
}

v1::DownloadPcapRequest Download::NextRequest() const {
  v1::DownloadPcapRequest next = request_;
  next.set_read_offset(NextOffset());
  if (request_.read_limit() > 0) next.set_read_limit(request_.read_limit() - result_.size);
  next.set_if_etag(result_.etag);
  return next;
}

std::optional<int64_t> Download::EndOffset() const {
  if (!file_size_.has_value()) return std::nullopt;
  if (request_.read_limit() == 0) return file_size_;
  return std::min(*file_size_, request_.read_offset() + request_.read_limit());
}

absl::Status Download::RunStream() {
  Call call(connection_, options_, options_.deadline);
  const auto reader = connection_.stub->DownloadPcap(&call.context(), NextRequest());
  Stream stream;
  v1::DownloadPcapResponse response;
  absl::Status own_verdict;
  while (own_verdict.ok() && reader->Read(&response)) own_verdict = OnPart(stream, response);
  if (!own_verdict.ok()) call.context().TryCancel();
  const absl::Status outcome = call.Outcome(reader->Finish());
  if (!own_verdict.ok()) return own_verdict;
  if (outcome.ok() && stream.expect != Expect::kEnd) {
    return Contradiction("the stream ended without a summary");
  }
  return outcome;
}

absl::Status Download::OnPart(Stream& stream, const v1::DownloadPcapResponse& response) {
  if (stream.expect == Expect::kInfo && response.has_info()) {
    return OnInfo(stream, response.info());
  }
  if (stream.expect == Expect::kChunkOrSummary && response.has_chunk()) {
    return OnChunk(stream, response.chunk());
  }
  if (stream.expect == Expect::kChunkOrSummary && response.has_summary()) {
    return OnSummary(stream, response.summary());
  }
  return Contradiction("its parts come in the wrong order");
}

absl::Status Download::OnInfo(Stream& stream, const v1::DownloadInfo& info) {
  stream.expect = Expect::kChunkOrSummary;
  if (!result_.etag.empty() && info.etag() != result_.etag) {
    return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_DOWNLOAD_CHANGED,
                     "the file is another one now; download it again from the start",
                     {{"etag", info.etag()}});
  }
  result_.etag = info.etag();
  result_.content_type = info.content_type();
  if (info.has_size()) file_size_ = info.size();
  return on_info_ ? on_info_(info) : absl::OkStatus();
}

absl::Status Download::OnChunk(Stream& stream, const v1::DownloadChunk& chunk) {
  if (chunk.offset() != NextOffset()) {
    return Contradiction(absl::StrCat("bytes of offset ", chunk.offset(), " where ", NextOffset(),
                                      " should follow"));
  }
  const int64_t size = static_cast<int64_t>(chunk.data().size());
  const std::optional<int64_t> end = EndOffset();
  if (end.has_value() && size > *end - NextOffset()) return Contradiction("too many bytes");
  if (request_.read_limit() > 0 && size > request_.read_limit() - result_.size) {
    return Contradiction("more bytes than asked for");
  }
  absl::Status written = sink_(chunk.data());
  if (!written.ok()) return written;
  stream.sha256.Update(chunk.data());
  sha256_.Update(chunk.data());
  stream.size += size;
  result_.size += size;
  return absl::OkStatus();
}

absl::Status Download::OnSummary(Stream& stream, const v1::DownloadSummary& summary) {
  stream.expect = Expect::kEnd;
  if (summary.size() != stream.size) {
    return Contradiction(absl::StrCat(stream.size, " bytes came, ", summary.size(), " were sent"));
  }
  if (summary.sha256() != stream.sha256.Finish()) return Contradiction("the SHA-256 differs");
  const std::optional<int64_t> end = EndOffset();
  if (end.has_value() && NextOffset() != *end) {
    return Contradiction(absl::StrCat("it ends at byte ", NextOffset(), " instead of ", *end));
  }
  if (summary.has_packets()) result_.packets = summary.packets();
  return absl::OkStatus();
}

}  // namespace pcaps::internal
