// CaptureFile: the file of a capture held whole: proved once, then shared by all its readers.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/slots.h"

namespace pcaps {

// Which capture. Ids are unique within their account only.
struct CaptureKey {
  std::string account_id;
  std::string pcap_id;
  auto operator<=>(const CaptureKey&) const = default;
};

struct CaptureFile {
  std::string content_type;  // As the upstream named it.
  std::string bytes;
  std::string sha256;    // Of bytes: 32 bytes.
  std::string etag;      // "sha256:" and the same in hex.
  uint64_t packets = 0;  // In the file.
  Slot slot;             // Of a file that no cache answers for, as long as it is in memory.
};
using HeldFile = std::shared_ptr<const CaptureFile>;

// What came whole, once it is proved to be a capture. Errors: INTERNAL/UPSTREAM_BAD_RESPONSE.
absl::StatusOr<CaptureFile> ProveCapture(PcapFile file);

}  // namespace pcaps
