// PcapsApi: Cloudflare's PCAPs API as typed coroutines. The contract for everybody above HTTP.
#pragma once

#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/call_terms.h"

namespace pcaps {

// The rest of a file too large to be held in memory, as it arrives. Destroying it abandons the
// transfer.
class PcapBody {
 public:
  virtual ~PcapBody() = default;

  // The next bytes; empty exactly once, at the end of a whole body. Waits while none have arrived;
  // reading slowly slows the upstream down instead of filling memory. Errors:
  // UNAVAILABLE/UPSTREAM_UNAVAILABLE when the transfer breaks or stalls.
  virtual Task<absl::StatusOr<std::string>> Read() = 0;
};

// The file of a simple capture.
struct PcapFile {
  std::string content_type;     // Media type as the upstream named it.
  std::optional<int64_t> size;  // Bytes of the whole file, where known.
  std::string head;  // Its first bytes: the whole file when `rest` is null, else at least min(64
                     // KiB, size).
  std::unique_ptr<PcapBody> rest;
};

// The buckets of an account, as one answer shows them.
struct OwnershipList {
  std::vector<v1::Ownership> ownerships;  // In the upstream's order.
  // By how much the upstream's clock is ahead of ours, where it says: to the second, and too large
  // by the time the head of its answer took.
  std::optional<absl::Duration> upstream_ahead;
};

// Every call runs on the loop of the implementation and returns by the deadline of its terms,
// retries included; each request that is sent, retries included, is counted where they say. Reads
// are retried as the retry policy says. A write once sent runs to its end even if its caller is
// cancelled. Errors, each with ErrorInfo (reasons: proto/pcaps/v1/pcaps.proto):
//   NOT_FOUND CAPTURE_NOT_FOUND, OWNERSHIP_NOT_FOUND; UNAVAILABLE UPSTREAM_UNAVAILABLE; INTERNAL
//   UPSTREAM_BAD_RESPONSE, UPSTREAM_CREDENTIALS_REJECTED; PERMISSION_DENIED
//   UPSTREAM_ACCOUNT_FORBIDDEN; INVALID_ARGUMENT UPSTREAM_REJECTED; RESOURCE_EXHAUSTED
//   UPSTREAM_RATE_LIMITED and UPSTREAM_BUDGET_EXHAUSTED (RetryInfo), OVERLOADED; CANCELLED when the
//   caller was cancelled.
// Bucket URIs in answers are redacted, captures carry account_id, done and observed_time: when the
// request was sent that saw them, on the fleet's clock.
class PcapsApi {
 public:
  virtual ~PcapsApi() = default;

  // All captures the upstream lists (about 50), in its order.
  virtual Task<absl::StatusOr<std::vector<v1::Pcap>>> ListPcaps(std::string account_id,
                                                                CallTerms terms) = 0;
  // By how much the upstream's clock is ahead of ours, as the newest list of captures said: to the
  // second, and too little by the time that answer took. Nothing where none said so.
  virtual std::optional<absl::Duration> UpstreamAhead() const { return std::nullopt; }
  virtual Task<absl::StatusOr<v1::Pcap>> GetPcap(std::string account_id, std::string pcap_id,
                                                 CallTerms terms) = 0;
  // Sends one POST at most. ABORTED CREATE_OUTCOME_UNKNOWN when it was sent and no answer came.
  virtual Task<absl::StatusOr<v1::Pcap>> CreatePcap(v1::CreatePcapRequest request,
                                                    CallTerms terms) = 0;
  virtual Task<absl::Status> StopPcap(std::string account_id, std::string pcap_id,
                                      CallTerms terms) = 0;
  // Files of at most `whole_max` bytes come whole, broken transfers of them repeated unseen;
  // the deadline then bounds the whole file. Of larger ones it bounds the head alone.
  virtual Task<absl::StatusOr<PcapFile>> DownloadPcap(std::string account_id, std::string pcap_id,
                                                      int64_t whole_max, CallTerms terms) = 0;

  virtual Task<absl::StatusOr<OwnershipList>> ListOwnerships(std::string account_id,
                                                             CallTerms terms) = 0;
  // These two send one POST at most. ABORTED OWNERSHIP_OUTCOME_UNKNOWN when it was sent and no
  // answer came. A bucket's keys are sent when it is created, and never to validate it.
  virtual Task<absl::StatusOr<v1::Ownership>> CreateOwnership(v1::CreateOwnershipRequest request,
                                                              CallTerms terms) = 0;
  virtual Task<absl::StatusOr<v1::Ownership>> ValidateOwnership(
      v1::ValidateOwnershipRequest request, CallTerms terms) = 0;
  // Repeated after a lost answer; a 404 to the repetition is OK.
  virtual Task<absl::Status> DeleteOwnership(std::string account_id, std::string ownership_id,
                                             CallTerms terms) = 0;
};

}  // namespace pcaps
