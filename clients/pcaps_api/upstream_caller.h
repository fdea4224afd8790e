// UpstreamCaller: one upstream call, with its token, its limits, its retries and its deadline.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/call_terms.h"
#include "clients/pcaps_api/credentials.h"
#include "clients/pcaps_api/http_client.h"
#include "clients/pcaps_api/operation.h"
#include "clients/pcaps_api/retry.h"
#include "clients/pcaps_api/upstream_gate.h"
#include "clients/pcaps_api/upstream_limits.h"

namespace pcaps {

// One request to the upstream, as an observer sees it when it has ended.
struct UpstreamAttempt {
  Operation operation;
  std::string outcome;     // "OK", the reason of the error, or "CANCELLED".
  std::string credential;  // Its name.
  std::string account_id;
  int http_status = 0;      // 0 where there was no answer.
  absl::Duration duration;  // To the end of the body, or of its head where the rest is streamed.
  bool retry = false;       // Not the first one of its call.
};
using UpstreamObserver = std::function<void(const UpstreamAttempt&)>;

// The circuit of a credential has opened, for this reason, or closed (OK). On the loop.
using CircuitObserver = std::function<void(const std::string& credential, const absl::Status& why)>;

struct UpstreamCallerOptions {
  std::string base_url;
  absl::Duration request_timeout =
      absl::Seconds(20);  // Bounds a call, all its attempts and waits together.
  RetryOptions retry;
  UpstreamObserver observer;  // Called on the loop, after each attempt.
  CircuitObserver on_circuit;
  std::shared_ptr<UpstreamGate> gate;  // Gives leave for each request. Null: it needs none.
};

struct UpstreamCall {
  Operation operation;
  std::string account_id;
  std::string method;
  std::string path;  // After base_url, its parts percent-encoded.
  std::string body = "";
  std::vector<std::string> secrets = {};  // In the body: never to be seen in a message.
  std::string accept = "application/json";
  Purpose purpose = Purpose::kRead;  // Of a read; a write is a write.
  int64_t whole_max = 0;  // Bytes of a file to be held in memory. What is beyond is left in `rest`.
};

struct UpstreamReply {
  absl::Time began;  // The attempt that brought it, on the fleet's clock,
  absl::Time sent;   // and on ours.
  HttpHead head;
  std::unique_ptr<boost::json::value> result;  // Of a JSON answer. Never copied: it may be large.
  std::string body;                            // Of a file: all of it, or its head.
  std::shared_ptr<HttpExchange> rest;          // Where there is more of it.
  std::shared_ptr<UpstreamLimits::Slot> slot;  // Kept as long as `rest` is read.
};

// On its loop's thread. Lives as long as any call of it is under way, and the clock must outlive
// that.
class UpstreamCaller : public std::enable_shared_from_this<UpstreamCaller> {
 public:
  UpstreamCaller(const Loop& loop, UpstreamCallerOptions options, HttpOptions http,
                 std::shared_ptr<const Credentials> credentials,
                 std::shared_ptr<UpstreamLimits> limits, Clock& clock,
                 std::function<double()> uniform);

  // Errors as PcapsApi has them. GETs are retried; they end when the caller is cancelled.
  Task<absl::StatusOr<UpstreamReply>> Read(UpstreamCall call, CallTerms terms);
  // PUT and DELETE are retried, a POST is sent once. Once sent they go on to their end without the
  // caller.
  Task<absl::StatusOr<UpstreamReply>> Write(UpstreamCall call, CallTerms terms);

  Clock& clock() { return clock_; }

 private:
  struct Attempt;
  struct Progress;
  using Reply = absl::StatusOr<UpstreamReply>;

  static Task<Reply> Fly(std::shared_ptr<UpstreamCaller> self, UpstreamCall call,
                         absl::Time deadline, std::shared_ptr<Progress> progress);
  Task<Reply> Run(const UpstreamCall& call, absl::Time deadline,
                  std::shared_ptr<Progress> progress);
  Task<absl::Status> Try(const UpstreamCall& call, absl::Time deadline,
                         const std::shared_ptr<Progress>& progress, Attempt& attempt);
  Task<absl::Status> Exchange(const UpstreamCall& call, absl::Time deadline, Attempt& attempt);
  Task<absl::Status> ReadBody(const UpstreamCall& call, absl::Time deadline, Attempt& attempt);
  Task<bool> BackOff(absl::Time deadline, int retry);
  HttpRequest RequestOf(const UpstreamCall& call, const Credential& credential,
                        std::shared_ptr<Progress> progress) const;
  bool IsOutOfDate(const UpstreamCall& call, const Attempt& attempt,
                   const absl::Status& status) const;
  absl::Status CheckStanding(const UpstreamCall& call, Attempt& attempt);
  absl::Status CheckRoom(const Credential& credential) const;
  Task<absl::Status> AskLeave(const Progress& progress, Attempt& attempt);
  absl::Status Enter(const Credential& credential, Attempt& attempt);
  void Report(const Attempt& attempt);
  void Record(const UpstreamCall& call, absl::Time deadline, const absl::Status& status,
              Attempt& attempt);

  const UpstreamCallerOptions options_;
  // A timeout proves something about the upstream only where it was given this long.
  const absl::Duration fair_wait_;
  HttpClient http_;
  const std::shared_ptr<const Credentials> credentials_;
  const std::shared_ptr<UpstreamLimits> limits_;
  Clock& clock_;
  const std::function<double()> uniform_;
};

}  // namespace pcaps
