#include "clients/gateway/pcapctl/doctor/gateway_checks.h"

#include <grpc/health/v1/health.grpc.pb.h>
#include <grpcpp/channel.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/base/tcp_dial.h"
#include "clients/gateway/call.h"

namespace pcaps::pcapctl {
namespace {

using grpc::health::v1::HealthCheckResponse;

// A healthy gateway answers this in milliseconds, wherever it is.
constexpr absl::Duration kHealthPatience = absl::Seconds(5);
constexpr absl::Duration kDialPatience = absl::Seconds(2);

const Check kGateway{"gateway"};

std::string Words(const absl::Status& status) {
  const std::string reason = ErrorInfoOf(status).reason();
  return absl::StrCat(reason.empty() ? absl::StatusCodeToString(status.code()) : reason, ": ",
                      std::string(status.message()));
}

// host and port of a target that is one plain address; nothing for gRPC's other kinds.
std::optional<std::pair<std::string, int>> AddressOf(absl::string_view target) {
  if (!absl::ConsumePrefix(&target, "dns:///")) absl::ConsumePrefix(&target, "dns:");
  const size_t colon = target.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(target.substr(colon + 1), &port)) {
    return std::nullopt;
  }
  absl::string_view host = target.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) return std::nullopt;
  } else if (absl::StrContains(host, ":") || absl::StrContains(host, "/")) {
    return std::nullopt;
  }
  return std::pair(std::string(host), port);
}

Finding JudgeDial(const absl::Status& dialled) {
  const std::string words(dialled.message());
  if (absl::IsNotFound(dialled)) {
    return kGateway.Fail(words, "correct the name in --target, or the DNS");
  }
  if (absl::IsDeadlineExceeded(dialled)) {
    return kGateway.Fail(words,
                         "correct the address in --target, or open the firewall or network policy "
                         "that swallows the packets");
  }
  return kGateway.Fail(words,
                       "start the gateway (its log says why it ended), or correct --target: it is "
                       "what its `listen` names");
}

// There is a server, but no gateway behind it that understands us.
Finding JudgeAnswered(const absl::Status& status, bool tls) {
  if (absl::IsDeadlineExceeded(status)) {
    return kGateway.Fail(
        "accepts connections, but gives no answer in time",
        "restart it when it is the gateway: it hangs; else correct --target, or --tls");
  }
  if (tls) {
    return kGateway.Fail(
        absl::StrCat("no TLS connection is made: ", std::string(status.message())),
        "give the authority that signed its certificate with --ca-file, use a name "
        "of that certificate in --target; or leave out --tls and --ca-file when "
        "it speaks plaintext");
  }
  return kGateway.Fail(
      absl::StrCat("what listens there does not speak gRPC in plaintext: ",
                   std::string(status.message())),
      "add --tls (or --ca-file) when the gateway speaks TLS, or correct the port in --target");
}

Finding Explain(const absl::Status& status, const ConnectOptions& how) {
  if (absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status)) {
    return kGateway.Fail(Words(status), "give a token it knows: --token-file, or PCAPCTL_TOKEN");
  }
  if (absl::IsUnimplemented(status) || absl::IsNotFound(status)) {
    return kGateway.Fail(absl::StrCat(how.target, " speaks gRPC, but is no pcaps-gateway"),
                         "correct --target");
  }
  if (const auto address = AddressOf(how.target); address.has_value()) {
    const auto socket = DialTcp(address->first, address->second, kDialPatience);
    return socket.ok() ? JudgeAnswered(status, how.tls) : JudgeDial(socket.status());
  }
  return kGateway.Fail(Words(status), "correct --target, or start the gateway");
}

struct Advice {
  v1::ErrorReason reason;
  const char* fix;
};

constexpr Advice kAdvice[] = {
    {v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED,
     "put a valid API token where the gateway's upstream.credentials expects it; `pcapctl doctor "
     "--config` on its host says where"},
    {v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN,
     "correct --account, or give the gateway's API token the permission to read and write Magic "
     "packet captures of this account"},
    {v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
     "run `pcapctl doctor --config` on the gateway's host: it tells DNS, proxy, TLS and the "
     "upstream apart"},
    {v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
     "wait; then find what else spends the requests of this Cloudflare user: dashboards, scripts"},
    {v1::ERROR_REASON_UPSTREAM_BUDGET_EXHAUSTED,
     "wait; then find in the gateway's log the caller that asks so often"},
    {v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE,
     "correct the gateway's upstream.base_url, or the proxy that answers in place of the API"},
    {v1::ERROR_REASON_UPSTREAM_REJECTED, "correct --account, or the gateway's upstream.base_url"},
    {v1::ERROR_REASON_INVALID_FIELD, "correct --account"},
    {v1::ERROR_REASON_CALLER_UNAUTHENTICATED,
     "give a token the gateway knows: --token-file, or PCAPCTL_TOKEN"},
    {v1::ERROR_REASON_ACCOUNT_NOT_ALLOWED,
     "use an account this caller may use, or let the gateway's operator allow it"},
    {v1::ERROR_REASON_ACCOUNT_RATE_LIMITED,
     "wait, or let the gateway's operator raise the rate of this account"},
    {v1::ERROR_REASON_CALLER_RATE_LIMITED,
     "wait, or let the gateway's operator raise the rate_limit of this caller"},
    {v1::ERROR_REASON_OVERLOADED, "wait, or run more replicas of the gateway"},
    {v1::ERROR_REASON_DRAINING, "ask again: another replica, or the restarted one, answers"},
    {v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE,
     "run `pcapctl doctor --config` on the gateway's host: it checks its Redis"},
};

std::string FixOf(const absl::Status& status) {
  for (const Advice& advice : kAdvice) {
    if (advice.reason == ReasonOf(status)) return advice.fix;
  }
  return "look into the gateway's log for this call";
}

}  // namespace

Finding CheckGateway(const Connection& connection, const ConnectOptions& how,
                     const CallOptions& options) {
  const auto health = grpc::health::v1::Health::NewStub(connection.channel);
  const absl::Time begin = absl::Now();
  Call call(connection, options, std::min(options.deadline, begin + kHealthPatience));
  HealthCheckResponse response;
  const absl::Status status = call.Outcome(health->Check(&call.context(), {}, &response));
  if (options.stop.stop_requested()) return kGateway.Skip("interrupted");  // It tells nothing.
  if (!status.ok()) return Explain(status, how);
  if (response.status() != HealthCheckResponse::SERVING) {
    return kGateway.Fail(
        absl::StrCat(how.target, " says it is ",
                     HealthCheckResponse::ServingStatus_Name(response.status()),
                     ": it is draining"),
        "call another replica, or wait for its successor; it was told to end (SIGTERM)");
  }
  return kGateway.Ok(absl::StrCat(
      how.target, " is SERVING and answers in ",
      absl::FormatDuration(absl::Trunc(absl::Now() - begin, absl::Microseconds(100)))));
}

Finding CheckAccount(const Connection& connection, const std::string& account,
                     const CallOptions& options) {
  const Check check{"account", account};
  Call call(connection, options,
            std::min(options.deadline, absl::Now() + connection.unary_timeout));
  v1::ListPcapsRequest request;
  request.set_account_id(account);
  request.set_page_size(1);
  v1::ListPcapsResponse response;
  const absl::Status status =
      call.Outcome(connection.stub->ListPcaps(&call.context(), request, &response));
  if (status.ok()) return check.Ok("its captures can be listed through the gateway");
  return check.Fail(Words(status), FixOf(status));
}

}  // namespace pcaps::pcapctl
