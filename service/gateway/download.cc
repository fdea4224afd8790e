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

// The bytes [begin, end) of a file.
struct Part {
  explicit Part(const v1::DownloadPcapRequest& request)
      : begin(request.read_offset()),
        end(request.read_limit() == 0 || request.read_limit() > kMax - begin
                ? kMax
                : begin + request.read_limit()) {}

  static constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const int64_t begin;
  const int64_t end;
};

// Cuts a part out of the bytes that pass and sends it in chunks.
class PartSender {
 public:
  // `sha256` is the part's where it is known; an empty one is made of what is sent.
  PartSender(Part part, std::string sha256, int64_t chunk_size,
             StreamWriter<v1::DownloadPcapResponse>& writer)
      : part_(part), sha256_(std::move(sha256)), chunk_size_(chunk_size), writer_(writer) {}

  // The next bytes of the file, which are there until this returns. False: stop.
  Task<bool> Pass(absl::string_view data) {
    const int64_t data_begin = position_;
    const int64_t data_end = position_ + static_cast<int64_t>(data.size());
    position_ = data_end;
    int64_t next = std::max(part_.begin, data_begin);
    while (next < std::min(part_.end, data_end)) {
      const int64_t size = std::min({chunk_size_, part_.end - next, data_end - next});
      std::string piece(data.substr(next - data_begin, size));
      const bool written = co_await Send(next, std::move(piece));
      if (!written) co_return false;
      next += size;
    }
    co_return true;
  }

  // The same of bytes that are ours: what is a chunk as it is need not be copied.
  Task<bool> PassOwned(std::string data) {
    const auto size = static_cast<int64_t>(data.size());
    const bool is_chunk = size > 0 && size <= chunk_size_ && position_ >= part_.begin &&
                          position_ + size <= part_.end;
    if (!is_chunk) co_return co_await Pass(data);
    const int64_t offset = std::exchange(position_, position_ + size);
    co_return co_await Send(offset, std::move(data));
  }

  bool Complete() const { return position_ >= part_.end; }
  int64_t position() const { return position_; }
  int64_t next_offset() const { return part_.begin + sent_; }

  v1::DownloadPcapResponse Summary(std::optional<uint64_t> packets) {
    if (sha256_.empty()) sha256_ = hash_.Finish();
    v1::DownloadPcapResponse message;
    message.mutable_summary()->set_size(sent_);
    message.mutable_summary()->set_sha256(sha256_);
    if (packets.has_value()) message.mutable_summary()->set_packets(*packets);
    return message;
  }

 private:
  Task<bool> Send(int64_t offset, std::string data) {
    const auto size = static_cast<int64_t>(data.size());
    if (sha256_.empty()) hash_.Update(data);
    v1::DownloadPcapResponse message;
    message.mutable_chunk()->set_offset(offset);
    message.mutable_chunk()->set_data(std::move(data));
    const bool written = co_await writer_.WriteBehind(std::move(message));
    if (written) sent_ += size;
    co_return written;
  }

  const Part part_;
  std::string sha256_;
  const int64_t chunk_size_;
  StreamWriter<v1::DownloadPcapResponse>& writer_;
  Sha256 hash_;
  int64_t position_ = 0;  // Bytes of the file that passed.
  int64_t sent_ = 0;
};

v1::DownloadPcapResponse InfoOf(std::optional<int64_t> size, const std::string& content_type,
                                const std::string& etag) {
  v1::DownloadPcapResponse message;
  if (size.has_value()) message.mutable_info()->set_size(*size);
  message.mutable_info()->set_content_type(content_type);
  message.mutable_info()->set_etag(etag);
  return message;
}

// What can be refused before the first message.
absl::Status CheckPart(std::optional<int64_t> size, const std::string& etag,
                       const v1::DownloadPcapRequest& request) {
  if (!request.if_etag().empty() && request.if_etag() != etag) return Changed(etag);
  if (size.has_value() && request.read_offset() > *size) {
    return OffsetOutOfRange(request.read_offset(), *size);
  }
  return absl::OkStatus();
}

absl::Status ReaderLeft() { return absl::CancelledError("the reader left"); }

}  // namespace

Task<absl::Status> SendHeld(HeldFile file, v1::DownloadPcapRequest request, int64_t chunk_size,
                            StreamWriter<v1::DownloadPcapResponse>& writer) {
  const auto size = static_cast<int64_t>(file->bytes.size());
  if (absl::Status refused = CheckPart(size, file->etag, request); !refused.ok()) co_return refused;
  bool written = co_await writer.Write(InfoOf(size, file->content_type, file->etag));
  if (!written) co_return ReaderLeft();
  const Part part(request);
  const bool is_whole = part.begin == 0 && part.end >= size;
  PartSender sender(part, is_whole ? file->sha256 : std::string(), chunk_size, writer);
  written = co_await sender.Pass(file->bytes);
  if (!written) co_return ReaderLeft();
  written = co_await writer.Write(sender.Summary(file->packets));
  co_return written ? absl::OkStatus() : ReaderLeft();
}

Task<absl::Status> SendStreamed(PcapFile file, v1::DownloadPcapRequest request, int64_t chunk_size,
                                StreamWriter<v1::DownloadPcapResponse>& writer) {
  PcapScanner scanner;
  if (absl::Status bad = scanner.Feed(file.head); !bad.ok()) co_return bad;
  const std::string etag = EtagOf(file);
  if (absl::Status refused = CheckPart(file.size, etag, request); !refused.ok()) co_return refused;

  bool written = co_await writer.Write(InfoOf(file.size, file.content_type, etag));
  if (!written) co_return ReaderLeft();
  PartSender part(Part(request), /*sha256=*/"", chunk_size, writer);
  written = co_await part.Pass(file.head);
  if (!written) co_return ReaderLeft();
  file.head = std::string();  // A slow reader need not hold what it has been sent.
  bool at_end = false;
  while (!at_end && !part.Complete()) {
    absl::StatusOr<std::string> data = co_await file.rest->Read();
    if (!data.ok()) co_return Interrupted(data.status(), part.next_offset());
    at_end = data->empty();
    if (absl::Status bad = scanner.Feed(*data); !bad.ok()) co_return bad;
    written = co_await part.PassOwned(*std::move(data));
    if (!written) co_return ReaderLeft();
  }
  std::optional<uint64_t> packets;
  if (at_end) {
    const absl::StatusOr<uint64_t> counted = scanner.Finish();
    if (!counted.ok()) co_return counted.status();
    if (request.read_offset() > part.position()) {
      co_return OffsetOutOfRange(request.read_offset(), part.position());
    }
    packets = *counted;
  }
  written = co_await writer.Write(part.Summary(packets));
  co_return written ? absl::OkStatus() : ReaderLeft();
}

}  // namespace pcaps
