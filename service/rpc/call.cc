#include "service/rpc/call.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/base/error.h"
#include "service/rpc/explained_bytes.h"
#include "service/rpc/status_details.h"

namespace pcaps {
namespace {

constexpr char kRequestIdKey[] = "request-id";
constexpr char kTraceparentKey[] = "traceparent";
constexpr char kCacheKey[] = "pcaps-cache";
constexpr char kAgeKey[] = "pcaps-age-ms";
constexpr char kRateLimitKey[] = "ratelimit-limit";
constexpr char kRateRemainingKey[] = "ratelimit-remaining";
constexpr char kRateResetKey[] = "ratelimit-reset";
constexpr char kRetryPushbackKey[] = "grpc-retry-pushback-ms";
constexpr size_t kMaxRequestIdBytes = 128;
constexpr size_t kTraceIdBytes = 32;

// On our clock, which nobody sets, unlike gRPC's.
absl::Time CallerDeadline(const grpc::CallbackServerContext& context, absl::Time now) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return now + absl::FromChrono(deadline - std::chrono::system_clock::now());
}

std::string ClientMetadata(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return "";
  return std::string(found->second.data(), found->second.size());
}

// The caller's id where it is fit to be repeated in headers and logs.
std::string UsableRequestId(std::string id) {
  const bool usable =
      id.size() <= kMaxRequestIdBytes &&
      std::all_of(id.begin(), id.end(), [](unsigned char c) { return absl::ascii_isgraph(c); });
  return usable ? id : std::string();
}

// The trace id of a W3C traceparent, "00-<32 hex>-<16 hex>-<2 hex>"; empty where it is none.
std::string TraceIdOf(const std::string& traceparent) {
  const std::vector<std::string> parts = absl::StrSplit(traceparent, '-');
  if (parts.size() < 4 || parts[1].size() != kTraceIdBytes) return "";
  const bool hex = std::all_of(parts[1].begin(), parts[1].end(),
                               [](unsigned char c) { return absl::ascii_isxdigit(c); });
  return hex ? parts[1] : std::string();
}

// 126 random bits. In place: what Abseil has for it costs a call's line three times as much.
std::string NewRequestId() {
  thread_local absl::BitGen random;
  constexpr uint64_t kSixteenDigits = uint64_t{1} << 63;
  std::string id(32, '0');
  for (char* const half : {id.data(), id.data() + 16}) {
    std::to_chars(half, half + 16, random() | kSixteenDigits, 16);
  }
  return id;
}

std::string Whole(double tokens) { return absl::StrCat(static_cast<int64_t>(tokens)); }

absl::StatusOr<KnownCaller> Identify(const RpcEnv& env, const grpc::CallbackServerContext& context,
                                     CallAccess access) {
  if (access == CallAccess::kOpen) return Stranger();
  return env.callers.Identify(context);
}

// No account's id has a colon.
std::string RateSubject(const Caller& caller) { return absl::StrCat("caller:", caller.name); }

RateLimiter::Rate RateOf(const Caller& caller) {
  return {caller.rate.requests_per_second, caller.rate.burst};
}

}  // namespace

Call::Call(RpcEnv& env, grpc::CallbackServerContext* context, const RpcMethod& method,
           CallSubject subject)
    : env_(env),
      context_(context),
      method_(method),
      subject_(subject),
      caller_(Identify(env, *context, method.access)),
      peer_(context->peer()),
      start_(env.clock.Now()),
      caller_deadline_(CallerDeadline(*context, start_)),
      request_id_(UsableRequestId(ClientMetadata(*context, kRequestIdKey))),
      trace_id_(TraceIdOf(ClientMetadata(*context, kTraceparentKey))),
      dispatched_(
          env.door.connections.Dispatch(peer_, subject_.request_bytes + MetadataBytes(*context))) {
  if (method_.metrics != nullptr) method_.metrics->Begin();
  if (!request_id_.empty()) context_->AddInitialMetadata(kRequestIdKey, request_id_);
}

void Call::CountMessage(int64_t bytes) {
  ++messages_sent_;
  bytes_sent_ += bytes;
  if (method_.metrics != nullptr) method_.metrics->CountMessage(bytes);
}

absl::Status Call::Admit(const absl::Status& checked) {
  if (!caller_.ok()) return caller_.status();
  if (!checked.ok()) return checked;
  absl::Status allowed = CheckAccess(caller_->caller(), subject_.account_id, method_.access);
  admitted_ = allowed.ok();
  return allowed;
}

absl::Status Call::StillAllowed() const {
  if (method_.access == CallAccess::kOpen) return absl::OkStatus();
  return env_.callers.Recheck(*caller_, subject_.account_id, method_.access);
}

Call::Entry Call::Enter(const absl::Status& checked) {
  refusal_ = Admit(checked);
  if (!refusal_.ok()) return entry_ = Entry::kRefused;
  place_ = env_.door.unary.Take();
  if (place_) return TryRates();
  refusal_ = TooManyAtOnce(env_.door.unary, "calls");
  return entry_ = Entry::kRefused;
}

Call::Entry Call::TryRates() {
  const Caller& caller = caller_->caller();
  if (caller.rate.requests_per_second > 0 && !caller_within_rate_) {
    const RateDecision decision = env_.rates.TryAdmit(RateSubject(caller), RateOf(caller));
    if (decision.verdict == RateDecision::Verdict::kAsk) return entry_ = Entry::kAsk;
    if (!Pass(decision, /*is_callers=*/true)) return entry_ = Entry::kRefused;
  }
  const RateDecision decision = env_.rates.TryAdmit(subject_.account_id);
  if (decision.verdict == RateDecision::Verdict::kAsk) return entry_ = Entry::kAsk;
  return entry_ = Pass(decision, /*is_callers=*/false) ? Entry::kOpen : Entry::kRefused;
}

Task<absl::Status> Call::AskRate() {
  const Caller& caller = caller_->caller();
  if (caller.rate.requests_per_second > 0 && !caller_within_rate_) {
    const RateDecision decision = co_await env_.rates.Admit(RateSubject(caller), RateOf(caller));
    if (!Pass(decision, /*is_callers=*/true)) co_return refusal_;
  }
  std::string account_id(subject_.account_id);
  const RateDecision decision = co_await env_.rates.Admit(std::move(account_id));
  Pass(decision, /*is_callers=*/false);
  co_return refusal_;
}

bool Call::Pass(const RateDecision& decision, bool is_callers) {
  const bool admitted = decision.verdict == RateDecision::Verdict::kAdmitted;
  if (env_.metrics != nullptr) env_.metrics->CountRate(is_callers, admitted);
  if (is_callers && admitted) {
    caller_within_rate_ = true;
    return true;  // The account's numbers are what a caller is told.
  }
  if (decision.IsLow()) TellRate(decision);  // Else they are worth less than the bytes.
  if (admitted) return true;
  refusal_ = is_callers ? CallerRateLimited(caller_->caller().name, decision)
                        : RateLimited(subject_.account_id, decision);
  return false;
}

void Call::TellRate(const RateDecision& decision) {
  context_->AddInitialMetadata(kRateLimitKey, Whole(decision.limit));
  context_->AddInitialMetadata(kRateRemainingKey, Whole(decision.remaining));
  const absl::Duration reset = absl::Ceil(decision.reset, absl::Seconds(1));
  context_->AddInitialMetadata(kRateResetKey, absl::StrCat(absl::ToInt64Seconds(reset)));
}

void Call::NoteCache(CacheUse use, absl::Duration age) {
  cache_ = CacheUseName(use);
  if (method_.metrics != nullptr) method_.metrics->CountServed(use, age);
  context_->AddInitialMetadata(kCacheKey, std::string(cache_));
  context_->AddInitialMetadata(kAgeKey, absl::StrCat(absl::ToInt64Milliseconds(age)));
}

grpc::Status Call::Conclude(const absl::Status& status) {
  outcome_ = Explained(status);
  if (status.ok()) return grpc::Status::OK;
  if (request_id_.empty()) request_id_ = NewRequestId();
  context_->AddTrailingMetadata(kRequestIdKey, request_id_);
  if (const auto pushback_ms = RetryPushbackMs(outcome_)) {
    context_->AddTrailingMetadata(kRetryPushbackKey, absl::StrCat(*pushback_ms));
  }
  return ToGrpcStatus(outcome_);
}

void Call::AddOutcome(LogLine& line) const {
  line.AddText("method", method_.name);
  line.AddText("code", CodeName(static_cast<grpc::StatusCode>(outcome_.code())));
  const v1::ErrorReason reason = ReasonOf(outcome_);
  if (reason != v1::ERROR_REASON_UNSPECIFIED) line.AddText("reason", ReasonName(reason));
  if (caller_.ok() && !caller_->caller().name.empty()) {
    line.AddText("caller", caller_->caller().name);
  }
  line.AddText("account", subject_.account_id);
}

void Call::End() {
  const absl::Duration took = env_.clock.Now() - start_;
  if (env_.activity != nullptr && caller_.ok()) {
    // Whom he names without having a right to is none of those who are busy.
    const absl::string_view account = admitted_ ? subject_.account_id : absl::string_view();
    env_.activity->CountCall(account, caller_->caller().name, outcome_.code(), start_ + took);
  }
  if (method_.metrics != nullptr) method_.metrics->End(outcome_, took);
  const bool logs = env_.log.Writes(LogLevel::kInfo);
  if (request_id_.empty() && (audit_ || logs)) request_id_ = NewRequestId();
  // Who is nobody changes nothing: strangers must not push the audit out of the log.
  if (audit_ && caller_.ok()) LogAudit();
  if (logs) LogRpc(took);
}

void Call::LogRpc(absl::Duration took) {
  LogLine line = env_.log.Begin(LogLevel::kInfo, "rpc");
  AddOutcome(line);
  if (!outcome_.ok()) line.AddText("message", outcome_.message());
  line.AddNumber("duration_us", absl::ToInt64Microseconds(took));
  if (!subject_.pcap_id.empty()) line.AddText("pcap_id", subject_.pcap_id);
  if (!subject_.ownership_id.empty()) line.AddText("ownership_id", subject_.ownership_id);
  if (!cache_.empty()) line.AddText("cache", cache_);
  line.AddNumber("upstream_calls", cost_ == nullptr ? 0 : cost_->requests());
  line.AddText("request_id", request_id_);
  if (!trace_id_.empty()) line.AddText("trace_id", trace_id_);
  line.AddText("peer", peer_);
  line.AddNumber("messages_sent", messages_sent_);
  line.AddNumber("bytes_sent", bytes_sent_);
  if (!outcome_.ok()) {
    const google::rpc::ErrorInfo info = ErrorInfoOf(outcome_);
    for (const auto& [key, value] : info.metadata()) line.AddText(key, value);
  }
  env_.log.WriteSoon(line);
}

// Whatever the level of the log.
void Call::LogAudit() {
  LogLine line = env_.log.Begin(LogLevel::kInfo, "audit");
  AddOutcome(line);
  audit_(line);
  const bool about_ownership = absl::StrContains(method_.name, "OwnershipService");
  std::string id(about_ownership ? subject_.ownership_id : subject_.pcap_id);
  if (id.empty()) id = answered_id_;
  if (!id.empty()) line.AddText(about_ownership ? "ownership_id" : "pcap_id", id);
  const google::rpc::ErrorInfo info = ErrorInfoOf(outcome_);
  const auto ray = info.metadata().find("cf_ray");
  std::string cf_ray;
  if (ray != info.metadata().end()) cf_ray = ray->second;
  // What failed has no receipt; that of another's write to the same thing is not its own.
  if (outcome_.ok()) cf_ray = env_.receipts.Find(std::string(subject_.account_id), id);
  if (!cf_ray.empty()) line.AddText("cf_ray", cf_ray);
  line.AddText("request_id", request_id_);
  if (!trace_id_.empty()) line.AddText("trace_id", trace_id_);
  line.AddText("peer", peer_);
  env_.log.Keep(line);
}

}  // namespace pcaps
