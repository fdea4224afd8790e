// SendPcap: a capture's file as a stream of messages: info, chunks, summary. Proves what it sends.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>

#include "absl/status/status.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/stream_writer.h"

namespace pcaps {

// Sends the part of `file` that `request` asks for, at most `chunk_size` bytes a message. A file
// held whole is proved to be a capture before its first message; of a larger one its head is, and
// the rest while it passes. Errors: UPSTREAM_BAD_RESPONSE, DOWNLOAD_CHANGED, OFFSET_OUT_OF_RANGE;
// DOWNLOAD_INTERRUPTED where the rest breaks.
Task<absl::Status> SendPcap(PcapFile file, v1::DownloadPcapRequest request, int64_t chunk_size,
                            StreamWriter<v1::DownloadPcapResponse>& writer);

}  // namespace pcaps
