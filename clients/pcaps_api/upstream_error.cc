#include "clients/pcaps_api/upstream_error.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/destination.h"
#include "clients/pcaps_api/envelope.h"
#include "clients/pcaps_api/ratelimit_header.h"

namespace pcaps {
namespace {

// Codes of the upstream, see its documentation.
constexpr int64_t kInvalidRequestHeaders = 6003;
constexpr std::array<int64_t, 4> kBadCredentialHeaders = {6100, 6101, 6103, 6111};
constexpr int64_t kAuthenticationError = 10000;

constexpr absl::string_view kCallAgain = "; call again";

using Problems = std::vector<UpstreamProblem>;

bool IsBadCredential(const UpstreamProblem& problem) {
  return problem.code == kInvalidRequestHeaders &&
         std::any_of(problem.chain.begin(), problem.chain.end(), [](int64_t code) {
           return std::count(kBadCredentialHeaders.begin(), kBadCredentialHeaders.end(), code) > 0;
         });
}

// Bad by its codes alone. With 403, code 10000 is about the account instead.
bool RejectsCredentials(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const UpstreamProblem& problem) {
    return IsBadCredential(problem) || problem.code == kAuthenticationError;
  });
}

ErrorMetadata MetadataOf(const HttpHead& head, const Problems& problems) {
  ErrorMetadata metadata = {{"upstream_http_status", absl::StrCat(head.status)}};
  if (!head.Header("cf-ray").empty()) {
    metadata.emplace_back("cf_ray", CleanText(head.Header("cf-ray")));
  }
  const std::string codes = absl::StrJoin(
      problems, ",",
      [](std::string* out, const UpstreamProblem& problem) { absl::StrAppend(out, problem.code); });
  if (!codes.empty()) metadata.emplace_back("upstream_code", codes);
  return metadata;
}

// The upstream's own words, fit to be shown.
std::string WordsOf(const Problems& problems, const std::vector<std::string>& secrets) {
  const std::string words =
      absl::StrJoin(problems, "; ", [](std::string* out, const UpstreamProblem& problem) {
        absl::StrAppend(out, problem.code, " ", problem.message);
      });
  return words.empty() ? "no reason given" : ScrubSecrets(words, secrets);
}

absl::Status NotFound(const UpstreamAnswer& answer, const ErrorMetadata& metadata,
                      const std::string& words) {
  switch (answer.operation) {
    case Operation::kGetPcap:
    case Operation::kStopPcap:
    case Operation::kDownloadPcap:
      return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND,
                       "the account has no such capture", metadata);
    case Operation::kValidateOwnership:
    case Operation::kDeleteOwnership:
      return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_OWNERSHIP_NOT_FOUND,
                       "the account has no such bucket ownership", metadata);
    case Operation::kListPcaps:
    case Operation::kCreatePcap:
    case Operation::kListOwnerships:
    case Operation::kCreateOwnership:
      break;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_UPSTREAM_REJECTED,
                   CleanText(absl::StrCat("the upstream does not know this account: ", words)),
                   metadata);
}

absl::Status CredentialsRejected(const ErrorMetadata& metadata) {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED,
                   "the upstream refuses the gateway's token; tell the operator", metadata);
}

bool IsHtml(const UpstreamAnswer& answer) {
  return absl::StartsWithIgnoreCase(answer.head.Header("content-type"), "text/html") ||
         absl::StartsWith(absl::StripLeadingAsciiWhitespace(answer.body), "<");
}

// The table, for answers that are no success. From the most telling sign to the least.
absl::Status ErrorOf(const UpstreamAnswer& answer, const std::optional<Envelope>& envelope) {
  const HttpHead& head = answer.head;
  const Problems problems = envelope.has_value() ? envelope->errors : Problems();
  const ErrorMetadata metadata = MetadataOf(head, problems);
  const std::string words = WordsOf(problems, answer.secrets);
  if (head.status == 408 || head.status == 425 || (head.status >= 500 && head.status < 600)) {
    return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                     absl::StrCat("the upstream answers ", head.status, kCallAgain), metadata);
  }
  if (head.status == 429) {
    const absl::Status limited =
        MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
                  CleanText(absl::StrCat("the upstream limits the rate: ", words)), metadata);
    return WithRetryAfter(limited, PauseOf(RetryAfterHeader(head), RateLimitOf(head)));
  }
  if (head.status == 401) return CredentialsRejected(metadata);
  if (head.status == 403) {
    if (std::any_of(problems.begin(), problems.end(), IsBadCredential)) {
      return CredentialsRejected(metadata);
    }
    return MakeError(
        absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN,
        "the gateway's upstream token may not use this account; is the account right?", metadata);
  }
  if (RejectsCredentials(problems)) return CredentialsRejected(metadata);
  if (head.status < 200 || (head.status >= 300 && head.status < 400) || head.status >= 600) {
    return BadResponse(head, absl::StrCat("HTTP status ", head.status));
  }
  if (!envelope.has_value() && IsHtml(answer)) return BadResponse(head, "a web page");
  if (head.status == 404) return NotFound(answer, metadata, words);
  if (!envelope.has_value()) return BadResponse(head, "an error without an envelope");
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_UPSTREAM_REJECTED,
                   CleanText(absl::StrCat("the upstream refuses the request: ", words)), metadata);
}

bool IsEncoded(const HttpHead& head) {
  const absl::string_view encoding = head.Header("content-encoding");
  return !encoding.empty() && !absl::EqualsIgnoreCase(encoding, "identity");
}

bool NeedsResult(Operation operation) {
  return operation != Operation::kStopPcap && operation != Operation::kDeleteOwnership;
}

}  // namespace

absl::StatusOr<boost::json::value> ResultOf(const UpstreamAnswer& answer) {
  const bool success = answer.head.status >= 200 && answer.head.status < 300;
  if (success && answer.body.empty() && !NeedsResult(answer.operation)) return boost::json::value();
  if (success && IsEncoded(answer.head)) {
    return BadResponse(answer.head, "an encoding nobody asked for");
  }
  std::optional<Envelope> envelope = ParseEnvelope(answer.body);
  if (!success || (envelope.has_value() && !envelope->success)) return ErrorOf(answer, envelope);
  if (!envelope.has_value()) return BadResponse(answer.head, "no JSON envelope");
  if (!envelope->result.has_value()) {
    if (!NeedsResult(answer.operation)) return boost::json::value();
    return BadResponse(answer.head, "an envelope without result");
  }
  return *std::move(envelope->result);
}

bool IsFile(const HttpHead& head) {
  const absl::string_view type = head.Header("content-type");
  return head.status == 200 && !IsEncoded(head) &&
         !absl::StartsWithIgnoreCase(type, "application/json") &&
         !absl::StartsWithIgnoreCase(type, "text/");
}

absl::Status BadResponse(const HttpHead& head, absl::string_view what) {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE,
                   absl::StrCat("the upstream's answer makes no sense: ", what),
                   MetadataOf(head, {}));
}

absl::Status TransportError(HttpFailure failure, absl::string_view text) {
  switch (failure) {
    case HttpFailure::kCancelled:
      return absl::CancelledError("the call was cancelled");
    case HttpFailure::kMalformed:
      return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE,
                       absl::StrCat("the upstream's answer makes no sense: ", text));
    case HttpFailure::kNone:
    case HttpFailure::kConnect:
    case HttpFailure::kTls:
    case HttpFailure::kTimeout:
    case HttpFailure::kBroken:
      break;
  }
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                   absl::StrCat("no answer from the upstream: ", text));
}

absl::Status OutcomeUnknown(Operation operation, const absl::Status& cause) {
  const auto cause_metadata = ErrorInfoOf(cause).metadata();
  const ErrorMetadata metadata(cause_metadata.begin(), cause_metadata.end());
  // What may have happened is not to be done again unseen.
  const absl::string_view why = absl::StripSuffix(cause.message(), kCallAgain);
  if (operation == Operation::kCreatePcap) {
    return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN,
                     absl::StrCat("the capture may or may not have been created: ", why), metadata);
  }
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN,
                   absl::StrCat("the ownership may or may not have been changed: ", why), metadata);
}

}  // namespace pcaps
