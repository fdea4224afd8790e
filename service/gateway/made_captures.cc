#include "service/gateway/made_captures.h"

#include "absl/strings/str_cat.h"
#include "service/gateway/create_record.h"

namespace pcaps {
namespace {

// As long as any creation near it may be looked for, and a little.
constexpr absl::Duration kMadeMemory = kCreateMemory + absl::Hours(1);

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

Task<absl::StatusOr<std::optional<std::string>>> MadeCaptures::MakerOf(CaptureKey capture) {
  return state_.Get(KeyOf(capture));
}

}  // namespace pcaps
