// What replicas keep of a creation that its caller named: its key, and the record under it.
#pragma once

#include <pcaps/state/v1/state.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

// So long a request_id is remembered, from when its POST was sent.
constexpr absl::Duration kCreateMemory = absl::Hours(24);

// `caller`: who asks. Two callers may choose one request_id.
std::string CreateKey(const v1::CreatePcapRequest& request, absl::string_view caller);

// Equal for equal captures, whatever the caller calls the request or is willing to wait. A digest:
// the request may hold a bucket's keys, which are not to be kept.
std::string CreateFingerprint(v1::CreatePcapRequest request);

// A record as it is stored, and as it reads.
struct StoredCreate {
  std::string bytes;
  state::v1::CreateRecord record;
};

// Nothing where `bytes` are no record.
std::optional<StoredCreate> ParseCreate(std::string bytes);

// The record of the same creation once it is DONE, or UNKNOWN.
std::string DoneCreate(state::v1::CreateRecord record, const std::string& pcap_id);
std::string UnknownCreate(state::v1::CreateRecord record, absl::Time give_up);

// UNAVAILABLE/SHARED_STATE_UNAVAILABLE: nothing was sent. `why` completes "creating once cannot be
// promised now: ".
absl::Status CannotPromiseOnce(absl::string_view why);

}  // namespace pcaps
