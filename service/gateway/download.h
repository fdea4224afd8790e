// A capture's file as a stream of messages: info, chunks of at most `chunk_size` bytes, summary.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>

#include "absl/status/status.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/capture_file.h"
#include "service/gateway/stream_writer.h"

namespace pcaps {

// Both send the part that `request` asks for. Errors of both, before the first message:
// DOWNLOAD_CHANGED, OFFSET_OUT_OF_RANGE; CANCELLED when the reader left.

// A file that is held.
Task<absl::Status> SendHeld(HeldFile file, v1::DownloadPcapRequest request, int64_t chunk_size,
                            StreamWriter<v1::DownloadPcapResponse>& writer);

// A file with a `rest`, as it arrives: its head is proved to be a capture's before the first
// message, the rest while it passes. More errors: UPSTREAM_BAD_RESPONSE; DOWNLOAD_INTERRUPTED where
// the rest breaks.
Task<absl::Status> SendStreamed(PcapFile file, v1::DownloadPcapRequest request, int64_t chunk_size,
                                StreamWriter<v1::DownloadPcapResponse>& writer);

}  // namespace pcaps
