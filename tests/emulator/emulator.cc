#include "tests/emulator/emulator.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/emulator/control_routes.h"
#include "tests/emulator/fault_answers.h"
#include "tests/emulator/ownership_routes.h"
#include "tests/emulator/pcap_routes.h"

namespace pcaps::emulator {
namespace {

std::string BearerToken(absl::string_view authorization) {
  if (!absl::ConsumePrefix(&authorization, "Bearer ")) return "";
  return std::string(authorization);
}

// The error of a request that may not be made; empty where it may.
std::optional<ApiError> Refusal(const EmulatorOptions& options, const Request& request,
                                const std::string& account_id) {
  const std::string token = BearerToken(request.authorization);
  if (!request.authorization.empty() && token.empty()) {
    return ApiError{.code = kInvalidHeaders,
                    .message = "Invalid request headers",
                    .error_chain = boost::json::array{
                        {{"code", kInvalidAuthorizationFormat},
                         {"message", "Invalid format for Authorization header"}}}};
  }
  if (token.empty() || (!options.tokens.empty() && !options.tokens.contains(token))) {
    return ApiError{.status = 401, .code = kAuthentication, .message = "Authentication error"};
  }
  if (!options.accounts.empty() && !account_id.empty() && !options.accounts.contains(account_id)) {
    return ApiError{.status = 403, .code = kAuthentication, .message = "Authentication error"};
  }
  return std::nullopt;
}

ApiError OverLimit(absl::Duration retry_after) {
  return {.status = 429,
          .code = kRateLimited,
          .message = "You are being rate limited",
          .retry_after = absl::ToInt64Seconds(absl::Ceil(retry_after, absl::Seconds(1)))};
}

ApiError NoRoute(const Request& request) {
  return {.status = 404,
          .code = kNoRoute,
          .message = absl::StrCat("Could not route to ", request.target,
                                  ", perhaps your object identifier is invalid?")};
}

Answer Dispatch(State& state, const Request& request, Endpoint endpoint, const Call& call) {
  switch (endpoint) {
    case Endpoint::kListPcaps:
      return ListPcaps(state, call);
    case Endpoint::kCreatePcap:
      return CreatePcap(state, call);
    case Endpoint::kGetPcap:
      return GetPcap(state, call);
    case Endpoint::kStopPcap:
      return StopPcap(state, call);
    case Endpoint::kDownloadPcap:
      return DownloadPcap(state, call);
    case Endpoint::kListOwnerships:
      return ListOwnerships(state, call);
    case Endpoint::kCreateOwnership:
      return CreateOwnership(state, call);
    case Endpoint::kValidateOwnership:
      return ValidateOwnership(state, call);
    case Endpoint::kDeleteOwnership:
      return DeleteOwnership(state, call);
    case Endpoint::kMethodNotAllowed:
      return ErrorAnswer(
          {.status = 405, .code = kMethodNotAllowed, .message = "Method not allowed"});
    case Endpoint::kUnknownRoute:
      break;
  }
  return ErrorAnswer(NoRoute(request));
}

std::string HttpDate(absl::Time now) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
}

}  // namespace

Answer Emulator::Handle(const Request& request, absl::Time now) {
  if (IsControl(request.target)) return HandleControl(state_, request, now);
  const Route route = ParseRoute(request.method, request.target);
  const std::string token = BearerToken(request.authorization);
  state_.stats.CountRequest(route, now);
  state_.requests.Add(route, token, now);
  const auto quota = state_.rate_limit.Take(token, now);
  const Firing firing = state_.faults.Fire(route.endpoint, route.account_id);

  Answer answer;
  if (firing.executes()) {
    Call call = {route.account_id, route.object_id, request.body, now};
    const bool changed = firing.fault && firing.fault->kind == FaultKind::kChangedContent;
    if (changed) call.content_salt = static_cast<uint64_t>(firing.fault->fired);
    answer = Execute(request, route, quota, call);
  }
  if (firing.fault) {
    DistortContent(*firing.fault, answer);
    DistortDelivery(*firing.fault, answer);
  }
  answer.delay = firing.latency;
  answer.headers.emplace_back("Date", HttpDate(now + state_.date_offset));
  answer.headers.emplace_back("cf-ray", state_.ids.NextRay());
  state_.rate_limit.AddHeaders(quota, answer);
  const int status = answer.silent || answer.raw ? 0 : answer.status;
  state_.stats.CountStatus(status);
  state_.requests.Answered(status);
  return answer;
}

Answer Emulator::Execute(const Request& request, const Route& route,
                         const RateLimit::Decision& quota, const Call& call) {
  if (quota.retry_after) return ErrorAnswer(OverLimit(*quota.retry_after));
  if (const auto refusal = Refusal(state_.options, request, route.account_id)) {
    return ErrorAnswer(*refusal);
  }
  return Dispatch(state_, request, route.endpoint, call);
}

}  // namespace pcaps::emulator
