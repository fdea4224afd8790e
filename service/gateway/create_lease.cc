#include "service/gateway/create_lease.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

// How often the lease is asked for. Holders have it for some milliseconds, most of the time.
constexpr absl::Duration kFirstPoll = absl::Milliseconds(4);
constexpr absl::Duration kMaxPoll = absl::Milliseconds(64);
// Others who wait for the lease say so for this long, and are then given a poll's time to take it.
constexpr absl::Duration kWantedTime = absl::Seconds(1);
constexpr absl::Duration kCourtesy = absl::Milliseconds(80);

std::string KeyOf(const std::string& account_id) {
  return absl::StrCat("lease:create:", account_id);
}

std::string WantedKeyOf(const std::string& account_id) {
  return absl::StrCat(KeyOf(account_id), ":wanted");
}

}  // namespace

Task<absl::Status> CreateLease::Take(std::string account_id, std::string holder,
                                     absl::Time deadline, bool again) {
  absl::Status status = absl::OkStatus();
  if (again) status = co_await LetOthersGoFirst(account_id);
  if (status.ok()) status = co_await Poll(account_id, holder, deadline);
  // A failed call may have taken it.
  if (!status.ok()) static_cast<void>(co_await Release(account_id, holder));
  co_return status;
}

Task<absl::Status> CreateLease::Poll(std::string account_id, std::string holder,
                                     absl::Time deadline) {
  const std::string key = KeyOf(account_id);
  const std::string wanted = WantedKeyOf(account_id);
  bool waited = false;
  for (absl::Duration wait = kFirstPoll;; wait = std::min(2 * wait, kMaxPoll)) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
    const absl::StatusOr<CasResult> taken =
        co_await state_.CompareAndSet(key, std::nullopt, holder, kCreateLeaseTime);
    if (!taken.ok()) co_return taken.status();
    if (taken->swapped || taken->current == holder) break;
    if (clock_.Now() >= deadline) co_return absl::DeadlineExceededError("the lease is another's");
    waited = true;
    const absl::StatusOr<CasResult> said =
        co_await state_.CompareAndSet(wanted, std::nullopt, holder, kWantedTime);
    if (!said.ok()) co_return said.status();
    co_await clock_.SleepUntil(std::min(clock_.Now() + wait, deadline));
  }
  if (!waited) co_return absl::OkStatus();
  const absl::StatusOr<CasResult> unsaid =
      co_await state_.CompareAndSet(wanted, holder, std::nullopt, kWantedTime);
  co_return unsaid.status();
}

Task<absl::Status> CreateLease::LetOthersGoFirst(std::string account_id) {
  const absl::StatusOr<std::optional<std::string>> wanted =
      co_await state_.Get(WantedKeyOf(account_id));
  if (!wanted.ok()) co_return wanted.status();
  if (wanted->has_value()) co_await clock_.Sleep(kCourtesy);
  co_return absl::OkStatus();
}

Task<absl::StatusOr<bool>> CreateLease::Extend(std::string account_id, std::string holder,
                                               absl::Duration time) {
  const absl::StatusOr<CasResult> extended =
      co_await state_.CompareAndSet(KeyOf(account_id), holder, holder, time);
  if (!extended.ok()) co_return extended.status();
  co_return extended->swapped;
}

Task<absl::Status> CreateLease::Release(std::string account_id, std::string holder) {
  const absl::StatusOr<CasResult> released =
      co_await state_.CompareAndSet(KeyOf(account_id), holder, std::nullopt, kCreateLeaseTime);
  co_return released.status();
}

}  // namespace pcaps
