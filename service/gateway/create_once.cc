#include "service/gateway/create_once.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

// How often the record of a creation that is another's is looked at.
constexpr absl::Duration kFirstLook = absl::Milliseconds(10);
constexpr absl::Duration kLongestLook = absl::Seconds(1);
// What must be left of request_timeout when a POST is sent: one part in so many.
constexpr int kAnswerShare = 4;
// Each look for a lost create costs the upstream a call, and its list does not change at once.
constexpr absl::Duration kNextLook = absl::Seconds(5);
constexpr absl::Duration kOverloadedRetry = absl::Seconds(1);

bool IsRuleRefusal(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_CREATE_TOO_SOON ||
         reason == v1::ERROR_REASON_FULL_CAPTURE_RUNNING;
}

// A rule, a limit, the budget, a drain or a lost shared state was in its way: nothing was created.
bool IsRefusal(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_CREATE_TOO_SOON:
    case v1::ERROR_REASON_FULL_CAPTURE_RUNNING:
    case v1::ERROR_REASON_REQUEST_ID_REUSED:
    case v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE:
    case v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED:
    case v1::ERROR_REASON_UPSTREAM_RATE_LIMITED:
    case v1::ERROR_REASON_OVERLOADED:
    case v1::ERROR_REASON_DRAINING:
      return true;
    default:
      return false;
  }
}

absl::Status Reused() {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_REQUEST_ID_REUSED,
                   "this request_id was used with other parameters; use a new one");
}

// `why` completes "; call again".
absl::Status Overloaded(absl::string_view why) {
  return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                                  absl::StrCat(why, "; call again")),
                        kOverloadedRetry);
}

// The account's turn stays with a create that the upstream does not answer, or whose replica died.
// `why` completes "; nothing was sent, call again".
absl::Status Busy(absl::string_view why) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                absl::StrCat(why, "; nothing was sent, call again")),
      kOverloadedRetry);
}

// `lost`: why, where that is known; its metadata leads an operator to the request.
absl::Status NotKnownYet(const absl::Status& lost = absl::OkStatus()) {
  const google::rpc::ErrorInfo info = ErrorInfoOf(lost);
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN,
                   "the capture may or may not have been created, and is still being looked for; "
                   "ask again with the same request_id, or look at ListPcaps",
                   ErrorMetadata(info.metadata().begin(), info.metadata().end()));
}

}  // namespace

CreateOnce::CreateOnce(Loop loop, SharedState& state, PcapsApi& api, Clock& clock,
                       LookUpPcap look_up, CreateOnceOptions options)
    : loop_(std::move(loop)),
      state_(state),
      clock_(clock),
      look_up_(std::move(look_up)),
      options_(std::move(options)),
      rules_(state, clock, look_up_, options_.rules),
      lease_(state, clock),
      sender_(loop_, state, api, clock, rules_, lease_, options_.request_timeout),
      queue_(loop_, clock) {}

Task<absl::StatusOr<v1::Pcap>> CreateOnce::Run(v1::CreatePcapRequest request, CallTerms terms,
                                               std::string caller) {
  Ask ask;
  const absl::Time now = clock_.Now();
  ask.patience = std::min(now + FromProtoDuration(request.max_queue_wait()), terms.deadline);
  ask.end = std::max(ask.patience, now) + options_.request_timeout;
  ask.cost = std::move(terms.cost);
  ask.begin_by = ask.end - options_.request_timeout / kAnswerShare;
  if (!request.request_id().empty()) {
    ask.key = CreateKey(request, caller);
    ask.fingerprint = CreateFingerprint(request);
  }
  ask.request = std::move(request);
  const std::shared_ptr<bool> repeats = ask.repeats;
  absl::StatusOr<v1::Pcap> pcap = co_await JoinOrStart(std::move(ask));
  Count(pcap.status(), *repeats);
  co_return pcap;
}

Task<absl::StatusOr<v1::Pcap>> CreateOnce::JoinOrStart(Ask ask) {
  while (true) {
    const auto known = ask.key.empty() ? open_.end() : open_.find(ask.key);
    const bool joins = known != open_.end() && !known->second.flight->is_over();
    if (joins && known->second.fingerprint != ask.fingerprint) co_return Reused();
    absl::StatusOr<Shared> flight =
        joins ? absl::StatusOr<Shared>(known->second.flight) : Start(ask);
    if (!flight.ok()) co_return flight.status();
    if (joins) {
      ++joined_;
      *ask.repeats = true;
    }
    absl::StatusOr<v1::Pcap> pcap = co_await Flight<v1::Pcap>::Join(*flight);
    // Who joined one less patient waits on by himself.
    const bool waits_on = joins && IsRuleRefusal(pcap.status()) && clock_.Now() < ask.patience;
    if (!waits_on) co_return pcap;
    *ask.repeats = false;
  }
}

void CreateOnce::Count(const absl::Status& status, bool repeats) {
  if (status.ok()) {
    ++(repeats ? counts_.repeated : counts_.created);
  } else if (absl::IsCancelled(status)) {
    ++counts_.cancelled;
  } else if (ReasonOf(status) == v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN) {
    ++counts_.unknown;
  } else if (IsRefusal(ReasonOf(status))) {
    ++counts_.refused;
  } else {
    ++counts_.failed;
  }
}

void CreateOnce::EndWaits(absl::Status why) { queue_.EndWaits(std::move(why)); }

absl::StatusOr<CreateOnce::Shared> CreateOnce::Start(Ask ask) {
  const std::string account_id = ask.request.account_id();
  int& of_account = open_of_account_[account_id];
  if (of_account >= options_.max_open_per_account || open_count_ >= options_.max_open) {
    if (of_account == 0) open_of_account_.erase(account_id);
    return Overloaded("too many captures are being created");
  }
  ++of_account;
  ++open_count_;
  const uint64_t number = ++last_;
  const std::string name = ask.key.empty() ? absl::StrCat(number) : ask.key;
  std::string fingerprint = ask.fingerprint;
  Shared flight =
      Flight<v1::Pcap>::Start(loop_, WhenLeft::kStops, Create(std::move(ask)),
                              [this, name, number, account_id](const absl::StatusOr<v1::Pcap>&) {
                                Landed(name, number, account_id);
                              });
  open_[name] = Open{std::move(fingerprint), number, flight};
  return flight;
}

void CreateOnce::Landed(const std::string& name, uint64_t number, const std::string& account_id) {
  // One that was stopped may have been followed by another.
  const auto ours = open_.find(name);
  if (ours != open_.end() && ours->second.number == number) open_.erase(ours);
  --open_count_;
  const auto count = open_of_account_.find(account_id);
  if (--count->second == 0) open_of_account_.erase(count);
}

Task<absl::StatusOr<v1::Pcap>> CreateOnce::Create(Ask ask) {
  while (true) {
    const absl::StatusOr<std::optional<StoredCreate>> known = co_await AwaitRecord(ask);
    if (!known.ok()) co_return WithNextLook(ask, known.status());
    CreateSender::Outcome outcome;
    if (!known->has_value()) {
      outcome = co_await Queue(ask);
    } else if ((*known)->record.state() == state::v1::CreateRecord::STATE_DONE) {
      *ask.repeats = true;
      co_return co_await look_up_(ask.request.account_id(), (*known)->record.pcap_id(),
                                  std::nullopt, CallTerms(ask.end, ask.cost));
    } else {
      outcome = co_await Resolve(ask, **known);
    }
    if (!outcome.ok()) co_return WithNextLook(ask, outcome.status());
    if (outcome->has_value()) co_return **std::move(outcome);
  }
}

Task<absl::StatusOr<std::optional<StoredCreate>>> CreateOnce::AwaitRecord(Ask ask) {
  if (ask.key.empty()) co_return std::nullopt;
  for (absl::Duration wait = kFirstLook;; wait = std::min(2 * wait, kLongestLook)) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
    absl::StatusOr<std::optional<std::string>> bytes = co_await state_.Get(ask.key);
    if (!bytes.ok()) co_return CannotPromiseOnce("the shared state does not answer");
    absl::StatusOr<std::optional<StoredCreate>> stored = Read(ask, *std::move(bytes));
    if (!stored.ok() || !stored->has_value()) co_return stored;
    const state::v1::CreateRecord& record = (*stored)->record;
    const bool open = record.state() == state::v1::CreateRecord::STATE_SENT &&
                      FromTimestamp(record.expire_time()) > state_.Now();
    if (!open) co_return stored;
    if (clock_.Now() >= ask.end) co_return NotKnownYet();
    co_await clock_.SleepUntil(std::min(clock_.Now() + wait, ask.end));
  }
}

absl::StatusOr<std::optional<StoredCreate>> CreateOnce::Read(
    const Ask& ask, std::optional<std::string> bytes) const {
  if (!bytes.has_value()) return std::nullopt;
  std::optional<StoredCreate> stored = ParseCreate(*std::move(bytes));
  // Whatever it was, it may have been sent.
  if (!stored.has_value()) return CannotPromiseOnce("what the shared state holds is no record");
  if (stored->record.fingerprint() != ask.fingerprint) return Reused();
  return stored;
}

Creation CreateOnce::NextTurn(const Ask& ask) {
  return Creation{ask.request, ask.key, ask.fingerprint,
                  absl::StrCat(options_.holder, "-", ++last_), ask.cost};
}

Task<CreateSender::Outcome> CreateOnce::Resolve(Ask ask, StoredCreate lost) {
  Creation creation = NextTurn(ask);
  const absl::Status leased = co_await TakeLease(creation, ask.begin_by, /*again=*/false);
  if (!leased.ok()) co_return leased;
  const auto flight = Flight<std::optional<v1::Pcap>>::Start(
      loop_, WhenLeft::kGoesOn, sender_.Resolve(std::move(creation), std::move(lost)),
      [](const CreateSender::Outcome&) {});
  co_return co_await Flight<std::optional<v1::Pcap>>::Join(flight);
}

absl::Status CreateOnce::WithNextLook(const Ask& ask, absl::Status error) {
  const bool may_be_told_later =
      !ask.key.empty() && ReasonOf(error) == v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN;
  if (!may_be_told_later) return error;
  return WithRetryAfter(std::move(error), kNextLook);
}

Task<CreateSender::Outcome> CreateOnce::Queue(Ask ask) {
  const CreateQueue::Entered place = queue_.Enter(
      absl::StrCat(ask.request.has_full() ? "full " : "simple ", ask.request.account_id()),
      ask.patience);
  CreateSender::Outcome outcome = co_await Serve(std::move(ask), place);
  queue_.Leave(place);
  co_return outcome;
}

Task<CreateSender::Outcome> CreateOnce::Serve(Ask ask, CreateQueue::Entered place) {
  const absl::Status first = co_await queue_.AwaitFront(place, ask.begin_by);
  if (absl::IsDeadlineExceeded(first)) {
    co_return Busy("other captures of the account are still being created");
  }
  if (!first.ok()) co_return first;
  while (true) {
    if (!ask.key.empty()) {
      // It may have been created elsewhere while it waited here.
      const absl::StatusOr<std::optional<std::string>> bytes = co_await state_.Get(ask.key);
      if (bytes.ok() && bytes->has_value()) co_return std::nullopt;
    }
    absl::StatusOr<std::optional<CreateRefusal>> refusal = co_await Refused(ask);
    Creation creation = NextTurn(ask);
    if (refusal.ok() && !refusal->has_value()) {
      queue_.Unblock(place);
      const absl::Status leased = co_await TakeLease(creation, ask.begin_by, queue_.WasBusy(place));
      if (!leased.ok()) co_return leased;
      // Another replica may have created one meanwhile.
      if (creation.leased) refusal = co_await Refused(ask);
    }
    const bool cancelled = co_await Cancelled();
    if (!cancelled && refusal.ok() && !refusal->has_value()) {
      co_return co_await SendOnItsOwn(std::move(creation),
                                      std::min(ask.end, clock_.Now() + options_.request_timeout));
    }
    if (creation.leased) {
      static_cast<void>(co_await lease_.Release(ask.request.account_id(), creation.holder));
    }
    if (cancelled) co_return absl::CancelledError("the caller left");
    if (!refusal.ok()) co_return refusal.status();
    CreateRefusal until =
        refusal->value();  // NOLINT(*-unchecked-optional-access): it was not sent.
    const absl::Status waited = co_await queue_.AwaitSlot(place, std::move(until));
    if (!waited.ok()) co_return waited;
  }
}

// What has no name goes on where the state does not answer: the upstream keeps the rules, too.
Task<absl::StatusOr<std::optional<CreateRefusal>>> CreateOnce::Refused(Ask ask) {
  absl::StatusOr<std::optional<CreateRefusal>> refusal =
      co_await rules_.Check(ask.request, CallTerms(ask.begin_by, ask.cost));
  if (refusal.ok()) co_return refusal;
  if (ask.key.empty()) co_return std::nullopt;
  co_return CannotPromiseOnce("the shared state does not answer");
}

Task<absl::Status> CreateOnce::TakeLease(Creation& creation, absl::Time deadline, bool again) {
  const absl::Status taken =
      co_await lease_.Take(creation.request.account_id(), creation.holder, deadline, again);
  creation.leased = taken.ok();
  if (taken.ok() || absl::IsCancelled(taken)) co_return taken;
  if (absl::IsDeadlineExceeded(taken)) {
    co_return Busy("another capture of the account is still being created");
  }
  if (!creation.named()) co_return absl::OkStatus();
  co_return CannotPromiseOnce("the shared state does not answer");
}

Task<CreateSender::Outcome> CreateOnce::SendOnItsOwn(Creation creation, absl::Time end) {
  const auto lost = std::make_shared<absl::Status>();
  const auto flight = Flight<std::optional<v1::Pcap>>::Start(
      loop_, WhenLeft::kGoesOn, sender_.Send(std::move(creation), end, lost), [](const auto&) {});
  const std::optional<CreateSender::Outcome> outcome =
      co_await Flight<std::optional<v1::Pcap>>::JoinUntil(flight, clock_, end);
  co_return outcome.has_value() ? *outcome : CreateSender::Outcome(NotKnownYet(*lost));
}

}  // namespace pcaps
