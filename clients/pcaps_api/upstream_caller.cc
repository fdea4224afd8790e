#include "clients/pcaps_api/upstream_caller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/run_to_end.h"
#include "clients/pcaps_api/upstream_error.h"

namespace pcaps {
namespace {

constexpr char kInvalidHeadersCode[] = "6003";

constexpr int64_t kMaxTextBytes = 4 << 20;  // Of JSON: a list of 50 captures has some 30 KiB.
// Of a file too large to be held: enough for a caller to see what it is before the first byte is
// passed on.
constexpr int64_t kMinFileHead = 64 << 10;
// When all places are taken one comes free within a request's usual time.
constexpr absl::Duration kOverloadedRetry = absl::Seconds(1);

absl::Status Overloaded() {
  return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                                  "too many upstream requests are in flight; call again"),
                        kOverloadedRetry);
}

absl::Status CircuitOpen(absl::Duration wait) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                "the upstream did not answer lately; nothing was sent"),
      std::max(wait, absl::ZeroDuration()));
}

absl::Status NoToken() {
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN,
                   "the gateway has no upstream token for this account; is the account right?");
}

// Whether it tells of the token or account what other calls may be told without asking. An upstream
// that says "authentication error" under another status than 401 may mean this one request.
bool IsVerdict(const absl::Status& status, int http_status) {
  if (ReasonOf(status) != v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED) return true;
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  const auto codes = info.metadata().find("upstream_code");
  return http_status == 401 ||
         (codes != info.metadata().end() && absl::StrContains(codes->second, kInvalidHeadersCode));
}

bool IsSuccess(int http_status) { return http_status >= 200 && http_status < 300; }

// An answer with more text than anybody should send. Where it is an error its status says enough.
absl::Status TooLarge(UpstreamReply& reply) {
  if (IsSuccess(reply.head.status)) return BadResponse(reply.head, "a body beyond the bound");
  reply.body.clear();
  return absl::OkStatus();
}

// What a caller must not do again unseen. Stopping twice is nothing; a second delete would say that
// there never was what the first one deleted.
bool IsInDoubtWithoutAnswer(const UpstreamCall& call) {
  return call.method == "POST" || call.method == "DELETE";
}

}  // namespace

// What a flight and the one who waits for it know of each other.
struct UpstreamCaller::Progress {
  bool sent = false;       // Bytes of some attempt may have left.
  bool abandoned = false;  // Nobody waits any more: begin nothing new.
  CallTerms terms;         // Of the caller: when he stops waiting, and what he counts.
};

struct UpstreamCaller::Attempt {
  int number = 1;
  // In force when it began: a repetition takes the token of its time, as the one before may be
  // revoked as soon as it is replaced.
  std::shared_ptr<const CredentialInUse> in_use;
  std::unique_ptr<CredentialStanding::Permit> permit;
  std::vector<std::string> secrets;  // Never to be seen in a message.
  UpstreamAsk ask;
  bool refused = false;                // The gate gave no leave.
  std::optional<UpstreamLeave> leave;  // Of this request.
  absl::Time began;                    // On our clock.
  CircuitBreaker::Admission admission = CircuitBreaker::Admission::kPass;
  std::shared_ptr<UpstreamLimits::Slot> slot;
  std::shared_ptr<HttpExchange> exchange;
  HttpFailure failure = HttpFailure::kNone;
  int http_status = 0;
  UpstreamReply reply;

  // Nothing was sent for want of a good connection: no failure of the upstream, and no repetition.
  bool IsKeptConnectionUnusable() const {
    return number == 1 && failure == HttpFailure::kBroken && !exchange->maybe_sent();
  }

  // A request that cannot be undone, and an answer that does not say what came of it.
  bool MayHaveHappened(const absl::Status& status) const {
    if (exchange == nullptr || !exchange->maybe_sent()) return false;
    // The head alone decides: of an answer too large to be read there is nothing else.
    const int answer = reply.head.status;
    if (failure != HttpFailure::kNone || answer == 0 || answer == 408 || answer >= 500) return true;
    return IsSuccess(answer) && ReasonOf(status) == v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE;
  }
};

UpstreamCaller::UpstreamCaller(const Loop& loop, UpstreamCallerOptions options, HttpOptions http,
                               std::shared_ptr<const Credentials> credentials,
                               std::shared_ptr<UpstreamLimits> limits, Clock& clock,
                               std::function<double()> uniform)
    : options_(std::move(options)),
      fair_wait_(http.connect_timeout),
      http_(loop, std::move(http), clock),
      credentials_(std::move(credentials)),
      limits_(std::move(limits)),
      clock_(clock),
      uniform_(std::move(uniform)) {}

Task<absl::StatusOr<UpstreamReply>> UpstreamCaller::Read(UpstreamCall call, CallTerms terms) {
  const absl::Time end = std::min(terms.deadline, clock_.Now() + options_.request_timeout);
  const auto progress = std::make_shared<Progress>(Progress{.terms = terms.By(end)});
  co_return co_await Run(call, end, progress);
}

Task<absl::StatusOr<UpstreamReply>> UpstreamCaller::Write(UpstreamCall call, CallTerms terms) {
  const absl::Time deadline = terms.deadline;
  const auto progress = std::make_shared<Progress>(Progress{.terms = std::move(terms)});
  call.purpose = Purpose::kWrite;
  const Operation operation = call.operation;
  const bool in_doubt = IsInDoubtWithoutAnswer(call);
  // The flight has its own end: an impatient caller must not cut off what was sent.
  Task<Reply> task =
      Fly(shared_from_this(), std::move(call), clock_.Now() + options_.request_timeout, progress);
  std::optional<Reply> reply = co_await RunToEnd(std::move(task), clock_, deadline);
  if (reply.has_value()) co_return *std::move(reply);
  progress->abandoned = true;
  const bool cancelled = co_await Cancelled();
  if (cancelled) co_return TransportError(HttpFailure::kCancelled, "");
  const absl::Status late = TransportError(HttpFailure::kTimeout, "the deadline passed");
  co_return in_doubt && progress->sent ? OutcomeUnknown(operation, late) : late;
}

Task<absl::StatusOr<UpstreamReply>> UpstreamCaller::Fly(std::shared_ptr<UpstreamCaller> self,
                                                        UpstreamCall call, absl::Time deadline,
                                                        std::shared_ptr<Progress> progress) {
  co_return co_await self->Run(call, deadline, std::move(progress));
}

Task<absl::StatusOr<UpstreamReply>> UpstreamCaller::Run(const UpstreamCall& call,
                                                        absl::Time deadline,
                                                        std::shared_ptr<Progress> progress) {
  bool may_have_happened = false;
  absl::Status before;                  // The error of the attempt before.
  std::optional<UpstreamLeave> unused;  // Leave for a request that was not sent, and whose it was.
  std::shared_ptr<const CredentialInUse> unused_by;
  for (int number = 1;; ++number) {
    Attempt attempt{.number = number,
                    .in_use = std::exchange(unused_by, nullptr),
                    .leave = std::exchange(unused, std::nullopt)};
    absl::Status status = co_await Try(call, deadline, progress, attempt);
    if (status.ok()) co_return std::move(attempt.reply);
    if (attempt.refused && !before.ok()) status = before;  // That tells more than a spent budget.
    if (may_have_happened && call.method == "DELETE" && absl::IsNotFound(status)) {
      co_return std::move(attempt.reply);  // The attempt whose answer was lost did it.
    }
    if (attempt.IsKeptConnectionUnusable()) {  // The next one has a connection of its own.
      unused = attempt.leave;
      unused_by = attempt.in_use;
      continue;
    }
    may_have_happened = may_have_happened || attempt.MayHaveHappened(status);
    bool again = call.method != "POST" && IsTransient(attempt.failure, attempt.http_status) &&
                 number < options_.retry.max_attempts;
    if (again) again = co_await BackOff(deadline, number);
    again = again || (IsOutOfDate(call, attempt, status) && number < options_.retry.max_attempts);
    before = status;
    if (again) continue;
    const bool in_doubt = may_have_happened && IsInDoubtWithoutAnswer(call);
    co_return in_doubt ? OutcomeUnknown(call.operation, status) : status;
  }
}

// Whether the upstream refuses a token that was replaced while it did. Nothing was done with it,
// so that even a POST may be sent with the new one.
bool UpstreamCaller::IsOutOfDate(const UpstreamCall& call, const Attempt& attempt,
                                 const absl::Status& status) const {
  const v1::ErrorReason reason = ReasonOf(status);
  if (reason != v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED &&
      reason != v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN) {
    return false;
  }
  const auto in_use = credentials_->Find(call.account_id);
  return in_use != nullptr && attempt.in_use != nullptr &&
         in_use->standing != attempt.in_use->standing;
}

// Waits before a repetition; false where there is no time or budget for one, or nobody waits for
// it.
Task<bool> UpstreamCaller::BackOff(absl::Time deadline, int retry) {
  const absl::Time until = clock_.Now() + Backoff(options_.retry, retry, uniform_());
  if (until >= deadline || !limits_->retry_budget().TryRetry(clock_.Now())) co_return false;
  while (clock_.Now() < until) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return false;
    co_await clock_.SleepUntil(until);
  }
  co_return true;
}

Task<absl::Status> UpstreamCaller::Try(const UpstreamCall& call, absl::Time deadline,
                                       const std::shared_ptr<Progress>& progress,
                                       Attempt& attempt) {
  if (attempt.in_use == nullptr) attempt.in_use = credentials_->Find(call.account_id);
  if (attempt.in_use == nullptr) co_return NoToken();
  const Credential& credential = attempt.in_use->credential;
  attempt.ask = {.operation = call.operation,
                 .purpose = call.purpose,
                 .account_id = call.account_id,
                 .budget = credential.budget,
                 .deadline = std::min(deadline, progress->terms.deadline)};
  absl::Status entered = CheckStanding(call, attempt);
  if (entered.ok()) entered = CheckRoom(credential);
  if (entered.ok()) entered = co_await AskLeave(*progress, attempt);
  if (entered.ok()) entered = Enter(credential, attempt);
  if (!entered.ok()) {
    Report(attempt);
    co_return entered;
  }
  if (attempt.number == 1) limits_->retry_budget().RecordCall(clock_.Now());
  attempt.secrets = call.secrets;
  attempt.secrets.push_back(credential.token.Reveal());
  attempt.began = clock_.Now();
  HttpRequest request = RequestOf(call, credential, progress);
  // Where one kept connection has turned out dead, all of its age may have.
  request.fresh_connection = attempt.number > 1;
  attempt.exchange = http_.Start(std::move(request));
  absl::Status status = co_await Exchange(call, deadline, attempt);
  if (attempt.IsKeptConnectionUnusable()) co_return status;
  Report(attempt);
  Record(call, deadline, status, attempt);
  co_return status;
}

// Before leave is asked for: what is refused anyway must not cost the upstream's budget.
absl::Status UpstreamCaller::CheckStanding(const UpstreamCall& call, Attempt& attempt) {
  const Access access = call.method == "GET" ? Access::kRead : Access::kWrite;
  auto permit = attempt.in_use->standing->Admit(call.account_id, access, clock_.Now());
  if (!permit.ok()) return permit.status();
  attempt.permit = *std::move(permit);
  return absl::OkStatus();
}

// Whether leave is worth asking for. Takes nothing yet: whoever waits for leave must not keep
// others from their places, nor the circuit from its probe.
absl::Status UpstreamCaller::CheckRoom(const Credential& credential) const {
  if (!limits_->HasSlot()) return Overloaded();
  const CircuitBreaker& circuit = limits_->circuit(credential.name);
  const absl::Time now = clock_.Now();
  return circuit.Refuses(now) ? CircuitOpen(circuit.NextProbe() - now) : absl::OkStatus();
}

Task<absl::Status> UpstreamCaller::AskLeave(const Progress& progress, Attempt& attempt) {
  if (options_.gate == nullptr) co_return absl::OkStatus();
  if (!attempt.leave.has_value()) {
    absl::StatusOr<UpstreamLeave> leave = co_await options_.gate->Enter(attempt.ask);
    attempt.refused = !leave.ok() && !absl::IsCancelled(leave.status());
    if (!leave.ok()) co_return leave.status();
    attempt.leave = *leave;
  }
  const bool cancelled = co_await Cancelled();
  if (!cancelled && !progress.abandoned) co_return absl::OkStatus();
  co_return TransportError(HttpFailure::kCancelled, "");
}

// A leave that came to nothing is reported too: it may have been a probe.
void UpstreamCaller::Report(const Attempt& attempt) {
  if (!attempt.leave.has_value()) return;
  const HttpHead& head = attempt.reply.head;
  UpstreamVerdict verdict{.http_status = head.status, .windows = RateLimitOf(head)};
  if (head.status == 429) verdict.retry_after = PauseOf(RetryAfterHeader(head), verdict.windows);
  options_.gate->Report(attempt.ask, *attempt.leave, verdict);
}

absl::Status UpstreamCaller::Enter(const Credential& credential, Attempt& attempt) {
  attempt.slot = limits_->TakeSlot();
  if (attempt.slot == nullptr) return Overloaded();
  CircuitBreaker& circuit = limits_->circuit(credential.name);
  attempt.admission = circuit.Admit(clock_.Now());
  if (attempt.admission != CircuitBreaker::Admission::kRefuse) return absl::OkStatus();
  return CircuitOpen(circuit.NextProbe() - clock_.Now());
}

HttpRequest UpstreamCaller::RequestOf(const UpstreamCall& call, const Credential& credential,
                                      std::shared_ptr<Progress> progress) const {
  HttpRequest request;
  request.method = call.method;
  request.url = absl::StrCat(options_.base_url, call.path);
  request.headers = {{"Authorization", absl::StrCat("Bearer ", credential.token.Reveal())},
                     {"Accept", call.accept}};
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = call.body;
  request.finish_once_sent = call.method != "GET";
  // A file's bytes are a stranger's: what is beyond its length must not become an answer.
  request.keep_connection = call.operation != Operation::kDownloadPcap;
  request.before_bytes = [progress = std::move(progress)] {
    if (progress->abandoned) return false;
    progress->sent = true;
    progress->terms.CountRequest();
    return true;
  };
  return request;
}

Task<absl::Status> UpstreamCaller::Exchange(const UpstreamCall& call, absl::Time deadline,
                                            Attempt& attempt) {
  HttpExchange& exchange = *attempt.exchange;
  const absl::Status arrived = co_await exchange.AwaitHead(deadline);
  if (!arrived.ok()) {
    attempt.failure = exchange.failure();
    co_return TransportError(attempt.failure, arrived.message());
  }
  attempt.reply.began = attempt.leave.has_value() ? attempt.leave->began : attempt.began;
  attempt.reply.sent = attempt.began;
  attempt.reply.head = exchange.head();
  const absl::Status read = co_await ReadBody(call, deadline, attempt);
  if (!read.ok()) co_return read;
  attempt.http_status = attempt.reply.head.status;  // Only now is the answer whole.
  if (call.operation == Operation::kDownloadPcap && IsFile(attempt.reply.head)) {
    if (attempt.reply.body.empty()) co_return BadResponse(attempt.reply.head, "an empty file");
    co_return absl::OkStatus();
  }
  absl::StatusOr<boost::json::value> result =
      ResultOf({call.operation, attempt.reply.head, attempt.reply.body, attempt.secrets});
  if (!result.ok()) co_return result.status();
  if (call.operation == Operation::kDownloadPcap) {
    co_return BadResponse(attempt.reply.head, "no file");
  }
  attempt.reply.result = std::make_unique<boost::json::value>(*std::move(result));
  co_return absl::OkStatus();
}

Task<absl::Status> UpstreamCaller::ReadBody(const UpstreamCall& call, absl::Time deadline,
                                            Attempt& attempt) {
  UpstreamReply& reply = attempt.reply;
  const bool is_file = call.operation == Operation::kDownloadPcap && IsFile(reply.head);
  if (is_file && !reply.head.HasFraming()) {
    co_return BadResponse(reply.head, "a file whose end cannot be told from a broken connection");
  }
  const int64_t whole_max = is_file ? call.whole_max : kMaxTextBytes;
  const bool is_large = reply.head.ContentLength().value_or(0) > whole_max;
  if (is_large && !is_file) co_return TooLarge(reply);
  const int64_t enough = is_large ? kMinFileHead : std::max(whole_max + 1, kMinFileHead);
  while (static_cast<int64_t>(reply.body.size()) < enough) {
    const absl::StatusOr<std::string> data = co_await attempt.exchange->Read(deadline);
    if (!data.ok()) {
      attempt.failure = attempt.exchange->failure();
      co_return TransportError(attempt.failure, data.status().message());
    }
    if (data->empty()) co_return absl::OkStatus();
    reply.body += *data;
  }
  if (!is_file) co_return TooLarge(reply);
  reply.rest = attempt.exchange;
  reply.slot = attempt.slot;
  co_return absl::OkStatus();
}

void UpstreamCaller::Record(const UpstreamCall& call, absl::Time deadline,
                            const absl::Status& status, Attempt& attempt) {
  const bool no_connection =
      attempt.failure == HttpFailure::kConnect || attempt.failure == HttpFailure::kTls;
  const bool timeout =
      attempt.failure == HttpFailure::kTimeout && deadline - attempt.began >= fair_wait_;
  const bool gateway_error = attempt.http_status >= 502 && attempt.http_status <= 504;
  if (IsVerdict(status, attempt.reply.head.status)) attempt.permit->Record(status, clock_.Now());
  const std::string& credential = attempt.in_use->credential.name;
  CircuitBreaker& circuit = limits_->circuit(credential);
  if (no_connection || timeout || gateway_error) {
    const bool opened = circuit.RecordFailure(clock_.Now(), call.path, attempt.admission);
    if (opened && options_.on_circuit) options_.on_circuit(credential, status);
  } else if (attempt.http_status != 0) {
    const bool closed = circuit.RecordSuccess();
    if (closed && options_.on_circuit) options_.on_circuit(credential, absl::OkStatus());
  }
  if (!options_.observer) return;
  std::string outcome = status.ok() ? "OK" : ReasonName(ReasonOf(status));
  if (absl::IsCancelled(status)) outcome = "CANCELLED";
  options_.observer({.operation = call.operation,
                     .outcome = std::move(outcome),
                     .credential = attempt.in_use->credential.name,
                     .account_id = call.account_id,
                     .http_status = attempt.reply.head.status,
                     .duration = clock_.Now() - attempt.began,
                     .retry = attempt.number > 1});
}

}  // namespace pcaps
