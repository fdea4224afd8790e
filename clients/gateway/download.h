// Downloads: the file of a simple capture, whole or not at all, over as many streams as it takes.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/base/sha256.h"
#include "clients/gateway/call.h"

namespace pcaps {

// Takes the next bytes. An error ends the download with that error.
using DownloadSink = std::function<absl::Status(absl::string_view bytes)>;

// Told what is coming, before the first byte of each stream; a stream may be the continuation of
// another. An error ends the download with that error.
using OnDownloadInfo = std::function<absl::Status(const v1::DownloadInfo& info)>;

struct DownloadResult {
  int64_t size = 0;                 // Bytes given to the sink.
  std::string sha256;               // Of these bytes: 32 bytes.
  std::optional<uint64_t> packets;  // In the whole file, where the gateway counted them.
  std::string content_type;
  std::string etag;
};

namespace internal {

// One download. A stream that breaks (UNAVAILABLE: DOWNLOAD_INTERRUPTED, DRAINING, a lost
// connection) is continued by another one at the first missing byte, under the same etag. OK means
// that every byte was delivered once and in order, that the last stream matched its digest, and
// that the sizes agree. Whatever else happened is an error, and then what the sink was given is of
// no use: DATA_LOSS when the gateway contradicts itself, ABORTED/DOWNLOAD_CHANGED when the file
// became another one.
class Download {
 public:
  // All but `request` must outlive it.
  Download(const Connection& connection, v1::DownloadPcapRequest request, const DownloadSink& sink,
           const CallOptions& options, const OnDownloadInfo& on_info);

  absl::StatusOr<DownloadResult> Run();

 private:
  // What one stream must say, in this order.
  enum class Expect { kInfo, kChunkOrSummary, kEnd };
  struct Stream {
    Expect expect = Expect::kInfo;
    int64_t size = 0;
    Sha256 sha256;
  };

  // Reads one stream to its end.
  absl::Status RunStream();
  absl::Status OnPart(Stream& stream, const v1::DownloadPcapResponse& response);
  absl::Status OnInfo(Stream& stream, const v1::DownloadInfo& info);
  absl::Status OnChunk(Stream& stream, const v1::DownloadChunk& chunk);
  absl::Status OnSummary(Stream& stream, const v1::DownloadSummary& summary);

  // Whether another stream can deliver what is missing.
  bool CanContinue() const;
  v1::DownloadPcapRequest NextRequest() const;
  int64_t NextOffset() const { return request_.read_offset() + result_.size; }
  // Where the last byte wanted ends; empty where nobody said.
  std::optional<int64_t> EndOffset() const;

  const Connection& connection_;
  const v1::DownloadPcapRequest request_;
  const DownloadSink& sink_;
  const CallOptions& options_;
  const OnDownloadInfo& on_info_;  // May be empty.
  DownloadResult result_;
  std::optional<int64_t> file_size_;
  Sha256 sha256_;
};

}  // namespace internal
}  // namespace pcaps
