// The download streams of the fake gateway, honest and not.
#pragma once

#include <grpcpp/grpcpp.h>
#include <pcaps/v1/pcaps.grpc.pb.h>

#include <string>

#include "absl/status/status.h"

namespace pcaps {

// How one download stream differs from an honest one.
struct DownloadFault {
  absl::Status status;  // Not OK: ends the stream with it, after `break_after` bytes.
  int64_t break_after = 0;
  int64_t shift_offset = 0;  // Added to the offset of the last chunk.
  bool wrong_sha256 = false;
  bool wrong_size = false;  // In the summary.
  bool no_summary = false;
  bool no_info = false;
  bool lose_last_chunk = false;  // And count and digest without it.
  bool repeat_last_chunk = false;
  bool chunk_after_summary = false;
  std::string etag;  // Instead of the file's own.
};

// Sends what `request` asks of `file`, in chunks of 10 bytes; returns how the stream ends.
absl::Status SendDownload(const v1::DownloadPcapRequest& request, const std::string& file,
                          const DownloadFault& fault,
                          grpc::ServerWriter<v1::DownloadPcapResponse>& writer);

}  // namespace pcaps
