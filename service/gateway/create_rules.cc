#include "service/gateway/create_rules.h"

#include <pcaps/state/v1/state.pb.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/id.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// How often a slot is looked at while somebody waits: another replica's creation may have given it
// back.
constexpr absl::Duration kSlotPoll = absl::Seconds(5);
// A running capture is looked at more often; most looks are answered by the cache.
constexpr absl::Duration kFullPoll = absl::Seconds(2);
// What is known of a running capture is old after this: it is asked for before anybody is refused.
constexpr absl::Duration kRunningAge = absl::Seconds(5);
// A capture may end later than its time says, so a caller is not sent away for less.
constexpr absl::Duration kMinFullRetry = absl::Seconds(5);
// Replicas know the fleet's clock to some milliseconds.
constexpr absl::Duration kClocksApart = absl::Seconds(1);
// A slot outlives its use a little.
constexpr absl::Duration kSlotMargin = absl::Minutes(10);

std::string KeyOf(const v1::CreatePcapRequest& request) {
  return absl::StrCat(request.has_full() ? "slot:full:" : "slot:simple:", request.account_id());
}

bool IsCapturing(const v1::Pcap& pcap) {
  return pcap.status() == v1::Pcap::STATUS_PENDING || pcap.status() == v1::Pcap::STATUS_RUNNING;
}

absl::Status TooSoon(absl::Duration wait) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_CREATE_TOO_SOON,
                absl::StrCat("the account may create its next simple capture in ",
                             absl::FormatDuration(absl::Ceil(wait, absl::Seconds(1))),
                             "; call again then, or set max_queue_wait")),
      wait);
}

absl::Status FullRunning(const v1::Pcap& running, absl::Time now) {
  const absl::Time end =
      FromTimestamp(running.submit_time()) + FromProtoDuration(running.time_limit());
  return WithRetryAfter(
      MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_FULL_CAPTURE_RUNNING,
                "the account's last full capture still runs; stop it, wait for it, or set "
                "max_queue_wait",
                {{"running_pcap_id", running.id()}}),
      std::max(end - now, kMinFullRetry));
}

// Puts `desired` where the slot is still as this creation left it.
Task<absl::Status> Change(SharedState& state, TakenSlot slot, std::optional<std::string> desired) {
  if (slot.key.empty()) co_return absl::OkStatus();
  const absl::StatusOr<CasResult> changed =
      co_await state.CompareAndSet(slot.key, slot.taken, std::move(desired), slot.ttl);
  co_return changed.status();
}

absl::Duration TtlOfFull(const v1::CreatePcapRequest& request) {
  return FromProtoDuration(request.time_limit()) + kSlotMargin;
}

}  // namespace

Task<absl::StatusOr<std::optional<CreateRefusal>>> CreateRules::Check(v1::CreatePcapRequest request,
                                                                      CallTerms terms) {
  const bool kept = request.has_full() ? options_.one_full_at_a_time
                                       : options_.simple_interval > absl::ZeroDuration();
  if (!kept) co_return std::nullopt;
  const absl::StatusOr<std::optional<std::string>> bytes = co_await state_.Get(KeyOf(request));
  if (!bytes.ok()) co_return bytes.status();
  state::v1::CreateSlot slot;
  if (!bytes->has_value() || !slot.ParseFromString(**bytes)) co_return std::nullopt;
  if (!request.has_full()) co_return CheckSimple(FromTimestamp(slot.free_time()));
  if (!IsId(slot.pcap_id())) co_return std::nullopt;
  co_return co_await CheckFull(request.account_id(), slot.pcap_id(), std::move(terms));
}

std::optional<CreateRefusal> CreateRules::CheckSimple(absl::Time free_time) const {
  const absl::Duration wait = free_time - state_.Now();
  // One that is free later than any that is taken now is of a clock that has stepped back since.
  const bool makes_sense = wait <= options_.simple_interval + kClocksApart;
  if (wait <= absl::ZeroDuration() || !makes_sense) return std::nullopt;
  return CreateRefusal{TooSoon(wait), clock_.Now() + std::min(wait, kSlotPoll)};
}

Task<std::optional<CreateRefusal>> CreateRules::CheckFull(std::string account_id,
                                                          std::string pcap_id, CallTerms terms) {
  const absl::StatusOr<v1::Pcap> pcap =
      co_await look_up_(std::move(account_id), std::move(pcap_id), kRunningAge, std::move(terms));
  // Where it cannot be known, the upstream decides.
  if (!pcap.ok() || !IsCapturing(*pcap)) co_return std::nullopt;
  co_return CreateRefusal{FullRunning(*pcap, clock_.Now()), clock_.Now() + kFullPoll};
}

Task<absl::StatusOr<TakenSlot>> CreateRules::Take(v1::CreatePcapRequest request,
                                                  std::string holder) {
  TakenSlot slot;
  state::v1::CreateSlot taken;
  taken.set_holder(std::move(holder));
  if (request.has_full()) {
    if (!options_.one_full_at_a_time) co_return slot;
    slot.ttl = TtlOfFull(request);
  } else {
    if (options_.simple_interval <= absl::ZeroDuration()) co_return slot;
    slot.ttl = options_.simple_interval + kSlotMargin;
    *taken.mutable_free_time() = ToTimestamp(state_.Now() + options_.simple_interval);
  }
  *taken.mutable_expire_time() = ToTimestamp(state_.Now() + slot.ttl);
  slot.key = KeyOf(request);
  slot.taken = taken.SerializeAsString();
  absl::StatusOr<std::optional<std::string>> before = co_await state_.Get(slot.key);
  if (!before.ok()) co_return before.status();
  slot.before = *std::move(before);
  const absl::StatusOr<CasResult> put =
      co_await state_.CompareAndSet(slot.key, slot.before, slot.taken, slot.ttl);
  if (!put.ok()) co_return put.status();
  co_return slot;
}

Task<absl::Status> CreateRules::Made(TakenSlot slot, v1::Pcap pcap) {
  state::v1::CreateSlot made;
  made.ParseFromString(slot.taken);
  // The interval begins anew: the upstream's began some time before its answer.
  if (made.has_free_time()) {
    *made.mutable_free_time() = ToTimestamp(state_.Now() + options_.simple_interval);
  } else {
    made.set_pcap_id(pcap.id());
  }
  *made.mutable_expire_time() = ToTimestamp(state_.Now() + slot.ttl);
  return Change(state_, std::move(slot), made.SerializeAsString());
}

Task<absl::Status> CreateRules::GiveBack(TakenSlot slot) {
  std::optional<std::string> before = slot.before;
  state::v1::CreateSlot was;
  if (before.has_value() && was.ParseFromString(*before) && was.has_expire_time()) {
    // As long as it was to be kept, whatever this creation would have needed.
    slot.ttl = std::max(slot.ttl, FromTimestamp(was.expire_time()) - state_.Now());
  }
  return Change(state_, std::move(slot), std::move(before));
}

Task<absl::Status> CreateRules::Found(v1::CreatePcapRequest request, std::string holder,
                                      v1::Pcap pcap) {
  // A simple one has taken its interval when it was sent.
  const bool kept = request.has_full() && options_.one_full_at_a_time && IsCapturing(pcap);
  if (!kept) co_return absl::OkStatus();
  TakenSlot slot{KeyOf(request), std::nullopt, "", TtlOfFull(request)};
  absl::StatusOr<std::optional<std::string>> bytes = co_await state_.Get(slot.key);
  if (!bytes.ok()) co_return bytes.status();
  state::v1::CreateSlot taken;
  const bool is_its =
      bytes->has_value() && taken.ParseFromString(**bytes) && taken.holder() == holder;
  if (!is_its) co_return absl::OkStatus();  // A later one has it, or it was lost.
  slot.taken = **std::move(bytes);
  co_return co_await Made(std::move(slot), std::move(pcap));
}

}  // namespace pcaps
