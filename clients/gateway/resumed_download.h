// ResumedDownload: the download of a capture into a PartFile, over as many processes as it takes.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/gateway/client.h"
#include "clients/gateway/part_file.h"

namespace pcaps {

// What its owner may want to tell somebody. Called on the downloading thread.
struct ResumedDownloadListener {
  // What is there is of no use, for this reason: the download begins again at its first byte.
  std::function<void(absl::string_view why)> on_restart = [](absl::string_view) {};
  // Bytes of the file that are there by now, of how many, where the gateway said.
  std::function<void(int64_t bytes, std::optional<int64_t> of)> on_progress =
      [](int64_t, std::optional<int64_t>) {};
};

// Continues what `file` has, under its etag. A file that became another one meanwhile, or bytes
// that turn out to be wrong, are downloaded anew, a few times. OK means that the file has its name,
// and that its size, and its SHA-256 where the etag is one, are right; the result is of the whole
// file. After an error the part stays for the next attempt, unless the error says that it is wrong.
absl::StatusOr<DownloadResult> DownloadInto(PartFile& file, v1::DownloadPcapRequest request,
                                            const GatewayClient& client, const CallOptions& call,
                                            const ResumedDownloadListener& listener);

}  // namespace pcaps
