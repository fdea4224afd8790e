#include "service/gateway/create_once.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/sha256.h"

namespace pcaps {
namespace {

// Equal for equal captures, whatever the caller calls the request or is willing to wait. A digest:
// the request may hold a bucket's keys, which are not to be kept.
std::string Fingerprint(v1::CreatePcapRequest request) {
  request.clear_request_id();
  request.clear_max_queue_wait();
  return Sha256::Of(request.SerializeAsString());
}

}  // namespace

CreateOnce::CreateOnce(Loop loop, Create create, size_t max_records)
    : loop_(std::move(loop)), create_(std::move(create)), max_records_(max_records) {}

Task<absl::StatusOr<v1::Pcap>> CreateOnce::Run(v1::CreatePcapRequest request) {
  const bool named = !request.request_id().empty();
  const std::string key = absl::StrCat(request.account_id(), "/", request.request_id());
  std::string fingerprint = named ? Fingerprint(request) : std::string();
  const auto known = named ? records_.find(key) : records_.end();
  if (known != records_.end()) {
    if (known->second.fingerprint != fingerprint) {
      co_return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_REQUEST_ID_REUSED,
                          "this request_id was used with other parameters; use a new one");
    }
    const std::shared_ptr<Flight<v1::Pcap>> flight = known->second.flight;
    co_return co_await Flight<v1::Pcap>::Join(flight);
  }
  Task<absl::StatusOr<v1::Pcap>> create = create_(std::move(request));
  std::shared_ptr<Flight<v1::Pcap>> flight =
      Flight<v1::Pcap>::Start(loop_, WhenLeft::kGoesOn, std::move(create),
                              [this, key, named](const absl::StatusOr<v1::Pcap>& result) {
                                if (named) Landed(key, result.status());
                              });
  if (named) records_.emplace(key, Record{std::move(fingerprint), flight});
  co_return co_await Flight<v1::Pcap>::Join(flight);
}

void CreateOnce::Landed(const std::string& key, const absl::Status& status) {
  if (!status.ok() && !absl::IsAborted(status)) {
    records_.erase(key);
    return;
  }
  oldest_first_.push_back(key);
  if (oldest_first_.size() <= max_records_) return;
  records_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

}  // namespace pcaps
