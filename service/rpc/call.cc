#include "service/rpc/call.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
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

std::string NewRequestId() {
  thread_local absl::BitGen random;
  return absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16),
                      absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16));
}

std::string Whole(double tokens) { return absl::StrCat(static_cast<int64_t>(tokens)); }

}  // namespace

Call::Call(RpcEnv& env, grpc::CallbackServerContext* context, absl::string_view method,
           CallSubject subject)
    : env_(env),
      context_(context),
      method_(method),
      subject_(subject),
      peer_(context->peer()),
      start_(env.clock.Now()),
      caller_deadline_(CallerDeadline(*context, start_)),
      request_id_(UsableRequestId(ClientMetadata(*context, kRequestIdKey))),
      trace_id_(TraceIdOf(ClientMetadata(*context, kTraceparentKey))) {
  env_.door.connections.Explain(peer_, subject_.request_bytes + MetadataBytes(*context_));
  if (!request_id_.empty()) context_->AddInitialMetadata(kRequestIdKey, request_id_);
}

void Call::CountMessage(int64_t bytes) {
  ++messages_sent_;
  bytes_sent_ += bytes;
}

Call::Entry Call::Enter(const absl::Status& checked) {
  refusal_ = checked;
  if (refusal_.ok()) {
    place_ = env_.door.unary.Take();
    if (place_) return Decide(env_.rates.TryAdmit(subject_.account_id));
    refusal_ = TooManyAtOnce(env_.door.unary, "calls");
  }
  entry_ = Entry::kRefused;
  return entry_;
}

Task<absl::Status> Call::AskRate() {
  std::string account_id(subject_.account_id);
  const RateDecision decision = co_await env_.rates.Admit(std::move(account_id));
  Decide(decision);
  co_return refusal_;
}

Call::Entry Call::Decide(const RateDecision& decision) {
  using Verdict = RateDecision::Verdict;
  if (decision.verdict == Verdict::kAsk) return entry_ = Entry::kAsk;
  if (decision.IsLow()) {  // Else they are worth less than the bytes.
    context_->AddInitialMetadata(kRateLimitKey, Whole(decision.limit));
    context_->AddInitialMetadata(kRateRemainingKey, Whole(decision.remaining));
    const absl::Duration reset = absl::Ceil(decision.reset, absl::Seconds(1));
    context_->AddInitialMetadata(kRateResetKey, absl::StrCat(absl::ToInt64Seconds(reset)));
  }
  if (decision.verdict == Verdict::kAdmitted) return entry_ = Entry::kOpen;
  refusal_ = RateLimited(subject_.account_id, decision);
  return entry_ = Entry::kRefused;
}

void Call::NoteCache(CacheUse use, absl::Duration age) {
  cache_ = CacheUseName(use);
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

void Call::LogEnd() {
  if (!env_.log.Writes(LogLevel::kInfo)) return;
  LogLine line = env_.log.Begin(LogLevel::kInfo, "rpc");
  line.AddText("method", method_);
  line.AddText("code", CodeName(static_cast<grpc::StatusCode>(outcome_.code())));
  const v1::ErrorReason reason = ReasonOf(outcome_);
  if (reason != v1::ERROR_REASON_UNSPECIFIED) line.AddText("reason", ReasonName(reason));
  if (!outcome_.ok()) line.AddText("message", outcome_.message());
  line.AddNumber("duration_us", absl::ToInt64Microseconds(env_.clock.Now() - start_));
  line.AddText("account", subject_.account_id);
  if (!subject_.pcap_id.empty()) line.AddText("pcap_id", subject_.pcap_id);
  if (!subject_.ownership_id.empty()) line.AddText("ownership_id", subject_.ownership_id);
  if (!cache_.empty()) line.AddText("cache", cache_);
  if (!request_id_.empty()) line.AddText("request_id", request_id_);
  if (!trace_id_.empty()) line.AddText("trace_id", trace_id_);
  line.AddText("peer", peer_);
  line.AddNumber("messages_sent", messages_sent_);
  line.AddNumber("bytes_sent", bytes_sent_);
  if (!outcome_.ok()) {
    const google::rpc::ErrorInfo info = ErrorInfoOf(outcome_);
    for (const auto& [key, value] : info.metadata()) line.AddText(key, value);
  }
  env_.log.WriteSoon(std::move(line));
}

}  // namespace pcaps
