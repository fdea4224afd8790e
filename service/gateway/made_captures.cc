#include "service/gateway/made_captures.h"

#include "absl/strings/str_cat.h"
#include "service/gateway/create_record.h"

namespace pcaps {
namespace {

// Longer than kCreateMemory: as long as any creation near it may be looked for.
constexpr absl::Duration kMadeMemory = absl::Hours(25);

std::string KeyOf(const CaptureKey& capture) {
  return absl::StrCat("made:", capture.account_id, ":", capture.pcap_id);
}

}  // namespace

Task<absl::StatusOr<std::string>> MadeCaptures::Bind(CaptureKey capture, std::string creation) {
  const absl::StatusOr<CasResult> bound =
      co_await state_.CompareAndSet(KeyOf(capture), std::nullopt, creation, kMadeMemory);
  if (!bound.ok()) co_return bound.status();
  co_return bound->swapped ? creation : bound->current.value_or("");
}

Task<absl::Status> MadeCaptures::Rebind(CaptureKey capture, std::string wrong,
                                        std::string creation) {
  const absl::StatusOr<CasResult> rebound = co_await state_.CompareAndSet(
      KeyOf(capture), std::move(wrong), std::move(creation), kMadeMemory);
  if (!rebound.ok()) co_return rebound.status();
  co_return rebound->swapped ? absl::OkStatus() : absl::AbortedError("it has just changed hands");
}

Task<absl::StatusOr<std::optional<std::string>>> MadeCaptures::MakerOf(CaptureKey capture) {
  return state_.Get(KeyOf(capture));
}

}  // namespace pcaps
