// Call: what every RPC has, whatever its shape: a caller, a deadline, metadata in and out, one log
// line at its end, and one for the audit where it changed something.
#pragma once

#include <grpcpp/server_context.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/call_terms.h"
#include "service/gateway/rate_limiter.h"
#include "service/gateway/served.h"
#include "service/rpc/audit.h"
#include "service/rpc/caller_identity.h"
#include "service/rpc/door.h"
#include "service/rpc/rpc_method.h"
#include "service/rpc/stream_registry.h"
#include "service/rpc/write_receipts.h"
#include "service/telemetry/activity.h"
#include "service/telemetry/log.h"

namespace pcaps {

// What the calls of a server share. All outlive it.
struct RpcEnv {
  Loop control;
  Clock& clock;
  Log& log;
  StreamRegistry& streams;
  StreamRegistry& writes;  // Unary calls that change something. Draining does not end them.
  Door& door;
  const CallerDirectory& callers;
  const WriteReceipts& receipts;
  RateLimiter& rates;                   // Streams cost nothing: they are bounded in number.
  absl::Duration request_timeout;       // Bounds a call whose caller sets no deadline.
  absl::Duration reader_stall_timeout;  // A reader that takes no message this long is cut off.
  RpcMetrics* metrics = nullptr;        // Null: calls are not counted.
  Activity* activity = nullptr;         // The same.
};

// Names of the thing a call is about, for its log line; in its request, which gRPC keeps until
// OnDone.
struct CallSubject {
  absl::string_view account_id;
  absl::string_view pcap_id;
  absl::string_view ownership_id;
  int64_t request_bytes = 0;  // Of the whole message.
};

class Call {
 public:
  // `method` outlives it.
  Call(RpcEnv& env, grpc::CallbackServerContext* context, const RpcMethod& method,
       CallSubject subject);

  bool IsWrite() const { return method_.access == CallAccess::kWrite; }
  // Tells the audit of it at its end: `describe` adds to its line.
  void Audit(std::function<void(LogLine&)> describe) { audit_ = std::move(describe); }

  RpcEnv& env() const { return env_; }
  grpc::CallbackServerContext* context() const { return context_; }
  // On which it may ask the upstream: by the caller's deadline, or request_timeout from the start,
  // whichever is earlier, and at its own cost.
  CallTerms terms() { return TermsWith(absl::ZeroDuration()); }
  // The same for a call that may wait this long before it begins.
  CallTerms TermsWith(absl::Duration wait) {
    return {std::min(start_ + wait + env_.request_timeout, caller_deadline_), cost()};
  }
  // What is counted here by End() is in the log line. On the thread that made the call, before it
  // is started; what is answered at once never makes one.
  std::shared_ptr<UpstreamCost> cost() {
    if (cost_ == nullptr) cost_ = std::make_shared<UpstreamCost>();
    return cost_;
  }

  // Whether its caller is known, it is sound (`checked`), and he may do this to its account: OK, or
  // the first of these that it lacks. Asked once.
  absl::Status Admit(const absl::Status& checked);
  // The same later, of a call that was admitted: he may have lost access.
  absl::Status StillAllowed() const;
  // The caller's name in the callers file; empty where callers are not identified. Once admitted.
  std::string caller_name() const { return caller_.ok() ? caller_->caller().name : ""; }

  // Whether the call may go on: it is admitted, and within its caller's and its account's rate.
  enum class Entry { kOpen, kAsk, kRefused };
  // Asked once, of a unary call, in place of Admit(). kAsk: AskRate() decides.
  Entry Enter(const absl::Status& checked);
  Entry entry() const { return entry_; }
  // On the control loop. OK, or the refusal.
  Task<absl::Status> AskRate();
  // Why it was refused.
  const absl::Status& refusal() const { return refusal_; }

  // One at a time, on any thread; before End().
  void CountMessage(int64_t bytes);

  // Tells the caller where the answer comes from. Before Conclude().
  template <typename T>
  void NoteServed(const Served<T>& served) {
    NoteCache(served.cache, served.age);
  }

  // Takes note of what the answer is about, where the request did not name it.
  template <typename Response>
  void NoteAnswer(const Response& response) {
    if constexpr (requires { response.id(); }) {
      if (audit_) answered_id_ = response.id();
    }
  }

  // The call's answer: adds the trailing metadata to the context. Call once, before the reactor's
  // Finish().
  grpc::Status Conclude(const absl::Status& status);
  // The answer did not get to the caller after all. Between Conclude() and End().
  void Cancelled() { outcome_ = absl::CancelledError("the caller left"); }
  // Counts the call, and writes its log lines. Call once, when gRPC is done with it.
  void End();

 private:
  void NoteCache(CacheUse use, absl::Duration age);
  // Of the caller's rate, then of the account's. What has been decided is not asked again.
  Entry TryRates();
  // False: it is refused.
  bool Pass(const RateDecision& decision, bool is_callers);
  void TellRate(const RateDecision& decision);
  // What both lines have.
  void AddOutcome(LogLine& line) const;
  void LogRpc(absl::Duration took);
  void LogAudit();

  RpcEnv& env_;
  grpc::CallbackServerContext* const context_;
  const RpcMethod& method_;
  const CallSubject subject_;
  const absl::StatusOr<KnownCaller> caller_;
  const std::string peer_;  // Taken at once: gRPC forgets it when the client goes.
  const absl::Time start_;
  const absl::Time caller_deadline_;  // InfiniteFuture where there is none.
  std::string request_id_;            // The caller's, or made up when it is needed for an error.
  std::string trace_id_;
  std::function<void(LogLine&)> audit_;  // Null: it changes nothing.
  std::string answered_id_;
  Places::Place place_;  // From Enter() on.
  const DispatchedCall dispatched_;
  Entry entry_ = Entry::kOpen;
  bool caller_within_rate_ = false;
  absl::Status refusal_;
  std::shared_ptr<UpstreamCost> cost_;  // Null: it cost nothing.
  absl::string_view cache_;             // Where the answer came from: the name of a CacheUse.
  absl::Status outcome_;
  int64_t messages_sent_ = 0;
  int64_t bytes_sent_ = 0;
};

// A call of a method about what the request names. Where it changes something the audit is told.
template <typename Request>
std::unique_ptr<Call> MakeCall(RpcEnv& env, grpc::CallbackServerContext* context,
                               const RpcMethod& method, const Request& request) {
  CallSubject subject;
  subject.account_id = request.account_id();
  if constexpr (requires { request.pcap_id(); }) subject.pcap_id = request.pcap_id();
  if constexpr (requires { request.ownership_id(); }) subject.ownership_id = request.ownership_id();
  subject.request_bytes = static_cast<int64_t>(request.ByteSizeLong());
  auto call = std::make_unique<Call>(env, context, method, subject);
  if constexpr (requires(LogLine& line) { DescribeWrite(line, request); }) {
    call->Audit([&request](LogLine& line) { DescribeWrite(line, request); });
  }
  return call;
}

}  // namespace pcaps
