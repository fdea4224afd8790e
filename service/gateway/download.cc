#include "service/gateway/download.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/sha256.h"
#include "service/gateway/pcap_scanner.h"

namespace pcaps {
namespace {

// A file that is streamed is named by as much of it as is always at hand before the first message.
constexpr size_t kNamedBytes = 64 << 10;

std::string EtagOf(const PcapFile& file) {
  if (file.rest == nullptr) {
    return absl::StrCat("sha256:", absl::BytesToHexString(Sha256::Of(file.head)));
  }
  const std::string head = Sha256::Of(absl::string_view(file.head).substr(0, kNamedBytes));
  return absl::StrCat("head-sha256:", absl::BytesToHexString(head), "-",
                      file.size.has_value() ? absl::StrCat(*file.size) : "unknown");
}

absl::Status OffsetOutOfRange(int64_t offset, int64_t size) {
  return MakeError(absl::StatusCode::kOutOfRange, v1::ERROR_REASON_OFFSET_OUT_OF_RANGE,
                   absl::StrCat("read_offset ", offset, " lies past the file's ", size, " bytes"),
                   {{"size", absl::StrCat(size)}});
}

absl::Status Changed(const std::string& etag) {
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_DOWNLOAD_CHANGED,
                   "the file is not the one if_etag names; begin at offset 0", {{"etag", etag}});
}

absl::Status Interrupted(const absl::Status& cause, int64_t offset) {
  if (absl::IsCancelled(cause)) return cause;
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_DOWNLOAD_INTERRUPTED,
                   absl::StrCat("the upstream's file broke off: ", std::string(cause.message()),
                                "; call again with read_offset and if_etag"),
                   {{"offset", absl::StrCat(offset)}});
}

// Cuts the part [begin, end) out of the bytes that pass and sends it in chunks.
class PartSender {
 public:
  PartSender(int64_t begin, int64_t limit, int64_t chunk_size,
             StreamWriter<v1::DownloadPcapResponse>& writer)
      : begin_(begin),
        end_(limit == 0 || limit > kMax - begin ? kMax : begin + limit),
        chunk_size_(chunk_size),
        writer_(writer) {}

  // The next bytes of the file. False: stop.
  Task<bool> Pass(std::string data) {
    const int64_t data_begin = position_;
    const int64_t data_end = position_ + static_cast<int64_t>(data.size());
    position_ = data_end;
    int64_t next = std::max(begin_, data_begin);
    while (next < std::min(end_, data_end)) {
      const int64_t size = std::min({chunk_size_, end_ - next, data_end - next});
      v1::DownloadPcapResponse message;
      message.mutable_chunk()->set_offset(next);
      message.mutable_chunk()->set_data(data.data() + (next - data_begin), size);
      hash_.Update(message.chunk().data());
      const bool written = co_await writer_.Write(std::move(message));
      if (!written) co_return false;
      next += size;
      sent_ += size;
    }
    co_return true;
  }

  bool Complete() const { return position_ >= end_; }
  int64_t position() const { return position_; }
  int64_t next_offset() const { return begin_ + sent_; }

  v1::DownloadPcapResponse Summary(std::optional<uint64_t> packets) {
    v1::DownloadPcapResponse message;
    message.mutable_summary()->set_size(sent_);
    message.mutable_summary()->set_sha256(hash_.Finish());
    if (packets.has_value()) message.mutable_summary()->set_packets(*packets);
    return message;
  }

 private:
  static constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

  const int64_t begin_;
  const int64_t end_;
  const int64_t chunk_size_;
  StreamWriter<v1::DownloadPcapResponse>& writer_;
  Sha256 hash_;
  int64_t position_ = 0;  // Bytes of the file that passed.
  int64_t sent_ = 0;
};

v1::DownloadPcapResponse InfoOf(const PcapFile& file, const std::string& etag) {
  v1::DownloadPcapResponse message;
  if (file.size.has_value()) message.mutable_info()->set_size(*file.size);
  message.mutable_info()->set_content_type(file.content_type);
  message.mutable_info()->set_etag(etag);
  return message;
}

// What can be refused before the first message.
absl::Status CheckPart(const PcapFile& file, const std::string& etag,
                       const v1::DownloadPcapRequest& request) {
  if (!request.if_etag().empty() && request.if_etag() != etag) return Changed(etag);
  if (file.size.has_value() && request.read_offset() > *file.size) {
    return OffsetOutOfRange(request.read_offset(), *file.size);
  }
  return absl::OkStatus();
}

}  // namespace

Task<absl::Status> SendPcap(PcapFile file, v1::DownloadPcapRequest request, int64_t chunk_size,
                            StreamWriter<v1::DownloadPcapResponse>& writer) {
  const absl::Status left = absl::CancelledError("the reader left");
  if (file.rest == nullptr) file.size = static_cast<int64_t>(file.head.size());
  PcapScanner scanner;
  if (absl::Status bad = scanner.Feed(file.head); !bad.ok()) co_return bad;
  absl::StatusOr<uint64_t> packets = scanner.Finish();
  if (file.rest == nullptr && !packets.ok()) co_return packets.status();
  const std::string etag = EtagOf(file);
  if (absl::Status refused = CheckPart(file, etag, request); !refused.ok()) co_return refused;

  bool written = co_await writer.Write(InfoOf(file, etag));
  if (!written) co_return left;
  PartSender part(request.read_offset(), request.read_limit(), chunk_size, writer);
  written = co_await part.Pass(std::move(file.head));
  if (!written) co_return left;
  bool at_end = file.rest == nullptr;
  while (!at_end && !part.Complete()) {
    absl::StatusOr<std::string> data = co_await file.rest->Read();
    if (!data.ok()) co_return Interrupted(data.status(), part.next_offset());
    at_end = data->empty();
    if (absl::Status bad = scanner.Feed(*data); !bad.ok()) co_return bad;
    written = co_await part.Pass(*std::move(data));
    if (!written) co_return left;
  }
  if (at_end) {
    packets = scanner.Finish();
    if (!packets.ok()) co_return packets.status();
    if (request.read_offset() > part.position()) {
      co_return OffsetOutOfRange(request.read_offset(), part.position());
    }
  }
  std::optional<uint64_t> counted;
  if (at_end) counted = *packets;
  co_await writer.Write(part.Summary(counted));
  co_return absl::OkStatus();
}

}  // namespace pcaps
