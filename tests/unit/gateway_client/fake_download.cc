#include "tests/unit/gateway_client/fake_download.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "clients/base/error.h"
#include "clients/base/sha256.h"

namespace pcaps {
namespace {

constexpr size_t kChunkSize = 10;  // Small, so that small files have several chunks.

// Sends `file` as the request asks and the fault allows.
class DownloadStream {
 public:
  DownloadStream(const v1::DownloadPcapRequest& request, const std::string& file,
                 const DownloadFault& fault, grpc::ServerWriter<v1::DownloadPcapResponse>& writer)
      : request_(request), file_(file), fault_(fault), writer_(writer) {}

  absl::Status Send() {
    const std::string own_etag = absl::BytesToHexString(Sha256::Of(file_));
    const std::string& etag = fault_.etag.empty() ? own_etag : fault_.etag;
    if (!request_.if_etag().empty() && fault_.etag.empty() && request_.if_etag() != etag) {
      return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_DOWNLOAD_CHANGED, "changed");
    }
    if (!fault_.no_info) SendInfo(etag);
    size_t end = file_.size();
    if (request_.read_limit() > 0) {
      end = std::min<size_t>(end, request_.read_offset() + request_.read_limit());
    }
    if (!fault_.status.ok()) {
      end = std::min<size_t>(end, request_.read_offset() + fault_.break_after);
    }
    if (fault_.lose_last_chunk) end -= kChunkSize;
    SendChunks(request_.read_offset(), end);
    if (!fault_.status.ok()) return fault_.status;
    if (!fault_.no_summary) SendSummary();
    if (fault_.chunk_after_summary) SendChunk(end, "more");
    return absl::OkStatus();
  }

 private:
  void SendInfo(const std::string& etag) {
    v1::DownloadPcapResponse response;
    response.mutable_info()->set_size(static_cast<int64_t>(file_.size()));
    response.mutable_info()->set_content_type("application/vnd.tcpdump.pcap");
    response.mutable_info()->set_etag(etag);
    writer_.Write(response);
  }

  void SendChunks(size_t begin, size_t end) {
    for (size_t offset = begin; offset < end; offset += kChunkSize) {
      const bool last = offset + kChunkSize >= end;
      const std::string data = file_.substr(offset, std::min(kChunkSize, end - offset));
      SendChunk(offset + (last ? fault_.shift_offset : 0), data);
      if (last && fault_.repeat_last_chunk) SendChunk(end, data);
    }
  }

  void SendChunk(size_t offset, const std::string& data) {
    v1::DownloadPcapResponse response;
    response.mutable_chunk()->set_offset(static_cast<int64_t>(offset));
    response.mutable_chunk()->set_data(data);
    writer_.Write(response);
    sent_ += data;
  }

  void SendSummary() {
    v1::DownloadPcapResponse response;
    const int64_t size = static_cast<int64_t>(sent_.size());
    response.mutable_summary()->set_size(size + (fault_.wrong_size ? 1 : 0));
    response.mutable_summary()->set_sha256(Sha256::Of(fault_.wrong_sha256 ? "other" : sent_));
    response.mutable_summary()->set_packets(3);
    writer_.Write(response);
  }

  const v1::DownloadPcapRequest& request_;
  const std::string& file_;
  const DownloadFault& fault_;
  grpc::ServerWriter<v1::DownloadPcapResponse>& writer_;
  std::string sent_;
};

}  // namespace

absl::Status SendDownload(const v1::DownloadPcapRequest& request, const std::string& file,
                          const DownloadFault& fault,
                          grpc::ServerWriter<v1::DownloadPcapResponse>& writer) {
  return DownloadStream(request, file, fault, writer).Send();
}

}  // namespace pcaps
