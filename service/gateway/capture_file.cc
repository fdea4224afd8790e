#include "service/gateway/capture_file.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/base/sha256.h"
#include "service/gateway/pcap_scanner.h"

namespace pcaps {

absl::StatusOr<CaptureFile> ProveCapture(PcapFile file) {
  PcapScanner scanner;
  if (absl::Status bad = scanner.Feed(file.head); !bad.ok()) return bad;
  const absl::StatusOr<uint64_t> packets = scanner.Finish();
  if (!packets.ok()) return packets.status();
  CaptureFile capture;
  capture.content_type = std::move(file.content_type);
  capture.bytes = std::move(file.head);
  capture.bytes.shrink_to_fit();  // It grew as it arrived, up to twice its size.
  capture.sha256 = Sha256::Of(capture.bytes);
  capture.etag = absl::StrCat("sha256:", absl::BytesToHexString(capture.sha256));
  capture.packets = *packets;
  return capture;
}

}  // namespace pcaps
