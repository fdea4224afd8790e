#include "service/gateway/create_record.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "clients/base/error.h"
#include "clients/base/id.h"
#include "clients/base/proto_time.h"
#include "clients/base/sha256.h"

namespace pcaps {
namespace {

constexpr absl::Duration kPromiseRetry = absl::Seconds(1);

}  // namespace

std::string CreateKey(const v1::CreatePcapRequest& request, absl::string_view caller) {
  // A request_id may hold colons; a caller's name must not, or one caller could meet another's.
  const std::string name = absl::StrReplaceAll(caller, {{"%", "%25"}, {":", "%3A"}});
  return absl::StrCat("create:", request.account_id(), ":", name, ":", request.request_id());
}

std::string CreateFingerprint(v1::CreatePcapRequest request) {
  request.clear_request_id();
  request.clear_max_queue_wait();
  return Sha256::Of(request.SerializeAsString());
}

std::optional<StoredCreate> ParseCreate(std::string bytes) {
  StoredCreate stored{std::move(bytes), {}};
  const bool parsed = stored.record.ParseFromString(stored.bytes);
  if (!parsed || stored.record.state() == state::v1::CreateRecord::STATE_UNSPECIFIED) {
    return std::nullopt;
  }
  const bool done = stored.record.state() == state::v1::CreateRecord::STATE_DONE;
  if (done && !IsId(stored.record.pcap_id())) return std::nullopt;
  return stored;
}

std::string DoneCreate(state::v1::CreateRecord record, const std::string& pcap_id) {
  record.set_state(state::v1::CreateRecord::STATE_DONE);
  record.set_pcap_id(pcap_id);
  return record.SerializeAsString();
}

std::string UnknownCreate(state::v1::CreateRecord record, absl::Time give_up) {
  record.set_state(state::v1::CreateRecord::STATE_UNKNOWN);
  *record.mutable_give_up_time() = ToTimestamp(give_up);
  return record.SerializeAsString();
}

absl::Status CannotPromiseOnce(absl::string_view why) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE,
                absl::StrCat("creating once cannot be promised now: ", why,
                             "; nothing was sent, call again")),
      kPromiseRetry);
}

}  // namespace pcaps
