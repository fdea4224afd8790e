#include "service/gateway/create_sender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "service/gateway/lost_answer.h"

namespace pcaps {
namespace {

using state::v1::CreateRecord;

constexpr absl::Duration kReadTime = absl::Seconds(5);
// How long an outcome is noted again and again. Later the list can still tell it.
constexpr absl::Duration kSettlePatience = absl::Minutes(5);
constexpr absl::Duration kFirstSettle = absl::Milliseconds(100);
constexpr absl::Duration kMaxSettle = absl::Seconds(2);
constexpr int kMaxSettling = 1000;  // A few KiB each.

// Who was cancelled has not seen the end.
bool IsOutcomeUnknown(const absl::Status& status) {
  return ReasonOf(status) == v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN || absl::IsCancelled(status);
}

// What is left of a record's life.
absl::Duration LifeLeft(absl::Time sent, absl::Time now) {
  return std::max(kCreateMemory - (now - sent), absl::Minutes(1));
}

absl::Status StillUnknown() {
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN,
                   "the capture may or may not have been created; ask again with the same "
                   "request_id, or look at ListPcaps before you create it under a new one");
}

}  // namespace

Task<CreateSender::Outcome> CreateSender::Send(Creation creation, absl::Time answer_by,
                                               std::shared_ptr<absl::Status> lost) {
  const auto sent = std::make_shared<Sent>(Sent{std::move(creation)});
  sent->time = state_.Now();
  if (sent->creation.leased) {
    const absl::StatusOr<bool> reserved = co_await Reserve(sent);
    const bool goes_on = reserved.ok() ? *reserved : !sent->creation.named();
    if (!goes_on) {
      const absl::Status unsent = CannotPromiseOnce("the shared state does not answer");
      co_await Settle(sent, unsent);
      if (reserved.ok()) co_return std::nullopt;
      co_return unsent;
    }
  }
  const absl::Duration time = answer_by - clock_.Now();
  const absl::Time post_by = answer_by - std::min(time / kLookShare, kMaxLookTime);
  absl::StatusOr<v1::Pcap> answer =
      co_await api_.CreatePcap(sent->creation.request, CallTerms(post_by, sent->creation.cost));
  // Without the state nobody knows which captures are others', and there is nothing to free.
  if (!answer.ok() && !sent->creation.leased) co_return answer.status();
  sent->told_directly = answer.ok();
  if (!answer.ok() && IsOutcomeUnknown(answer.status())) {
    *lost = answer.status();
    answer = co_await FindLost(sent, answer.status());
  }
  co_await Settle(sent, answer);
  co_return std::move(answer);
}

Task<absl::StatusOr<bool>> CreateSender::Reserve(Shared sent) {
  const Creation& creation = sent->creation;
  const absl::StatusOr<bool> extended =
      co_await lease_.Extend(creation.request.account_id(), creation.holder, open_time_);
  if (!extended.ok() || !*extended) co_return extended;
  absl::StatusOr<TakenSlot> slot = co_await rules_.Take(creation.request, creation.holder);
  if (!slot.ok()) co_return slot.status();
  sent->slot = *std::move(slot);
  if (!creation.named()) co_return true;
  CreateRecord& record = sent->record;
  record.set_fingerprint(creation.fingerprint);
  record.set_state(CreateRecord::STATE_SENT);
  record.set_holder(creation.holder);
  *record.mutable_sent_time() = ToTimestamp(sent->time);
  *record.mutable_expire_time() = ToTimestamp(state_.Now() + open_time_);
  sent->record_bytes = record.SerializeAsString();
  const absl::StatusOr<CasResult> put =
      co_await state_.CompareAndSet(creation.key, std::nullopt, sent->record_bytes, kCreateMemory);
  if (!put.ok()) co_return put.status();
  co_return put->swapped;
}

Task<absl::StatusOr<v1::Pcap>> CreateSender::FindLost(Shared sent, absl::Status cause) {
  const absl::Time lost_time = clock_.Now();
  for (const absl::Duration delay : kReadAfter) {
    const absl::Time read_time = lost_time + delay;
    while (clock_.Now() < read_time) co_await clock_.SleepUntil(read_time);
    // Whoever had the lease meanwhile may have made a capture that is like ours, and is not bound
    // yet.
    const absl::StatusOr<bool> still_ours = co_await lease_.Extend(
        sent->creation.request.account_id(), sent->creation.holder, open_time_);
    if (!still_ours.ok() || !*still_ours) continue;
    LostCreate lost{sent->creation.request, sent->creation.maker(), sent->time};
    CallTerms terms(clock_.Now() + kReadTime, sent->creation.cost);
    std::optional<v1::Pcap> found = co_await lost_.Look(std::move(lost), std::move(terms));
    if (found.has_value()) co_return *std::move(found);
  }
  if (absl::IsCancelled(cause)) co_return StillUnknown();
  co_return cause;
}

Task<void> CreateSender::Settle(Shared sent, absl::StatusOr<v1::Pcap> outcome) {
  const absl::Status noted = co_await Note(sent, outcome);
  if (noted.ok() || settling_ >= kMaxSettling) co_return;
  ++settling_;
  SpawnDetached(loop_, KeepSettling(std::move(sent), std::move(outcome)));
}

Task<void> CreateSender::KeepSettling(Shared sent, absl::StatusOr<v1::Pcap> outcome) {
  const absl::Time until = clock_.Now() + kSettlePatience;
  absl::Status noted = absl::UnknownError("");
  for (absl::Duration wait = kFirstSettle; !noted.ok() && clock_.Now() < until;
       wait = std::min(2 * wait, kMaxSettle)) {
    const absl::Time next = clock_.Now() + wait;
    while (clock_.Now() < next) co_await clock_.SleepUntil(next);
    noted = co_await Note(sent, outcome);
  }
  --settling_;
}

// The lease goes last: it keeps others from taking the capture for theirs until it is bound.
Task<absl::Status> CreateSender::Note(Shared sent, absl::StatusOr<v1::Pcap> outcome) {
  const Creation& creation = sent->creation;
  const std::string& account_id = creation.request.account_id();
  const bool is_known = outcome.ok() || !IsOutcomeUnknown(outcome.status());
  absl::Status noted = absl::OkStatus();
  std::optional<std::string> settled;  // None where nothing was created.
  if (outcome.ok()) {
    noted = co_await NoteMaker(sent, outcome->id());
    if (noted.ok()) noted = co_await rules_.Made(sent->slot, *outcome);
    settled = DoneCreate(sent->record, outcome->id());
  } else if (!is_known) {
    settled = UnknownCreate(sent->record, state_.Now());
  } else {
    noted = co_await rules_.GiveBack(sent->slot);
  }
  if (noted.ok() && !sent->record_bytes.empty()) {
    noted = co_await NoteRecord(sent, std::move(settled), is_known);
  }
  if (noted.ok()) noted = co_await lease_.Release(account_id, creation.holder);
  co_return noted;
}

Task<absl::Status> CreateSender::NoteMaker(Shared sent, std::string pcap_id) {
  const std::string& maker = sent->creation.maker();
  const CaptureKey made{sent->creation.request.account_id(), std::move(pcap_id)};
  const absl::StatusOr<std::string> bound = co_await lost_.made().Bind(made, maker);
  if (!bound.ok() || *bound == maker || !sent->told_directly) co_return bound.status();
  // Another took it for its own, from the list. We know better.
  co_return co_await lost_.made().Rebind(made, *bound, maker);
}

Task<absl::Status> CreateSender::NoteRecord(Shared sent, std::optional<std::string> settled,
                                            bool is_known) {
  const absl::Duration life = LifeLeft(sent->time, state_.Now());
  const absl::StatusOr<CasResult> put =
      co_await PutOutcome(sent->creation.key, sent->record_bytes, settled, life);
  if (!put.ok()) co_return put.status();
  if (put->swapped || !is_known || !put->current.has_value()) co_return absl::OkStatus();
  // Somebody may have given it up as unknown, who thought us dead. We know better.
  const std::optional<StoredCreate> other = ParseCreate(*put->current);
  const bool given_up = other.has_value() && other->record.state() == CreateRecord::STATE_UNKNOWN &&
                        other->record.holder() == sent->creation.holder;
  if (!given_up) co_return absl::OkStatus();
  const absl::StatusOr<CasResult> mended =
      co_await state_.CompareAndSet(sent->creation.key, other->bytes, settled, life);
  co_return mended.status();
}

Task<absl::StatusOr<CasResult>> CreateSender::PutOutcome(std::string key, std::string open,
                                                         std::optional<std::string> settled,
                                                         absl::Duration life) {
  absl::StatusOr<CasResult> put =
      co_await state_.CompareAndSet(key, std::move(open), settled, life);
  const bool is_lost = put.ok() && !put->swapped && !put->current.has_value();
  if (!is_lost || !settled.has_value()) co_return put;
  co_return co_await state_.CompareAndSet(key, std::nullopt, std::move(settled), life);
}

Task<CreateSender::Outcome> CreateSender::Resolve(Creation creation, StoredCreate lost) {
  const std::string account_id = creation.request.account_id();
  const std::string holder = creation.holder;
  Outcome outcome = co_await LookOnce(std::move(creation), std::move(lost));
  // Where this fails, the lease ends by itself.
  static_cast<void>(co_await lease_.Release(account_id, holder));
  co_return outcome;
}

Task<CreateSender::Outcome> CreateSender::LookOnce(Creation creation, StoredCreate lost) {
  const absl::Time sent = FromTimestamp(lost.record.sent_time());
  const std::string key = creation.key;
  CreateRecord& record = lost.record;
  const bool was_open = record.state() == CreateRecord::STATE_SENT;
  LostCreate wanted{creation.request, key, sent};
  if (record.has_give_up_time()) wanted.give_up = FromTimestamp(record.give_up_time());
  CallTerms terms(clock_.Now() + kReadTime, creation.cost);
  std::optional<v1::Pcap> found = co_await lost_.Look(std::move(wanted), std::move(terms));
  if (found.has_value() || was_open) {
    std::string settled = lost.bytes;
    if (found.has_value()) {
      settled = DoneCreate(record, found->id());
    } else {
      // The lease of the dead ended no earlier.
      settled = UnknownCreate(record, FromTimestamp(record.expire_time()));
    }
    const absl::Duration life = LifeLeft(sent, state_.Now());
    const absl::StatusOr<CasResult> put =
        co_await PutOutcome(key, lost.bytes, std::move(settled), life);
    if (put.ok() && !put->swapped) co_return std::nullopt;
  }
  if (!found.has_value()) co_return StillUnknown();
  // Where this fails, the upstream still keeps the rule.
  static_cast<void>(co_await rules_.Found(std::move(creation.request), record.holder(), *found));
  co_return std::move(found);
}

}  // namespace pcaps
