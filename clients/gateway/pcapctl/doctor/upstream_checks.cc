#include "clients/gateway/pcapctl/doctor/upstream_checks.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "clients/base/error.h"
#include "clients/base/tcp_dial.h"
#include "clients/gateway/pcapctl/doctor/url_address.h"
#include "clients/pcaps_api/ratelimit_header.h"
#include "service/upstream_http.h"

namespace pcaps::pcapctl {
namespace {

// What reconciling a lost create tolerates between the two clocks.
constexpr absl::Duration kMaxSkew = absl::Seconds(5);
constexpr double kLowBudget = 0.2;  // Below it the gateway itself warns its callers.
// The documented one, for an answer that names none.
constexpr double kDocumentedQuota = 1200;
constexpr int kTooManyRequests = 429;
constexpr int kNotFound = 404;

const Check kUpstream{"upstream"};
const Check kClock{"clock"};

std::string InSeconds(absl::Duration duration) {
  return absl::FormatDuration(absl::Ceil(duration, absl::Seconds(1)));
}

std::string TimeOfDay(absl::Time time) {
  return absl::FormatTime("%H:%M:%S UTC", time, absl::UTCTimeZone());
}

bool Answered(const UpstreamProbe& probe) { return probe.failure == HttpFailure::kNone; }

Finding JudgeFailure(HttpFailure failure, const std::string& words, bool has_proxy) {
  switch (failure) {
    case HttpFailure::kTls:
      return kUpstream.Fail(words,
                            "set upstream.ca_file to the authority that signed this certificate (a "
                            "proxy that opens TLS has its own), or correct upstream.base_url");
    case HttpFailure::kTimeout:
      return kUpstream.Fail(words,
                            "wait and repeat: it accepts connections and then gives no answer");
    case HttpFailure::kMalformed:
      return kUpstream.Fail(words, "correct upstream.base_url: what answers there is no HTTP API");
    default:
      return kUpstream.Fail(words, has_proxy ? "let the proxy connect to the host of "
                                               "upstream.base_url, or correct upstream.proxy"
                                             : "correct upstream.base_url (is it https there?), or "
                                               "repeat: the connection broke");
  }
}

}  // namespace

std::optional<Finding> FindUnreachable(const Config::Upstream& upstream) {
  const absl::Status ca_file = CheckCaFile(upstream.ca_file);
  if (!ca_file.ok()) {
    return kUpstream.Fail(std::string(ca_file.message()),
                          "correct upstream.ca_file, or put the PEM bundle there");
  }
  if (!upstream.proxy.empty()) return std::nullopt;  // Names and routes are the proxy's business.
  const int default_port = absl::StartsWith(upstream.base_url, "https://") ? 443 : 80;
  const absl::StatusOr<UrlAddress> address = AddressOfUrl(upstream.base_url, default_port);
  if (!address.ok()) {
    return kUpstream.Fail(absl::StrCat("base_url: ", std::string(address.status().message())),
                          "correct upstream.base_url");
  }
  const auto socket = DialTcp(address->host, address->port, upstream.connect_timeout);
  if (socket.ok()) return std::nullopt;
  const std::string words(socket.status().message());
  if (absl::IsNotFound(socket.status())) {
    return kUpstream.Fail(words, "correct the name in upstream.base_url, or this host's DNS");
  }
  if (absl::IsDeadlineExceeded(socket.status())) {
    return kUpstream.Fail(words,
                          "open the firewall or network policy for it, set upstream.proxy, or "
                          "repair this host's DNS");
  }
  return kUpstream.Fail(words,
                        "correct upstream.base_url, set upstream.proxy, or repair the route");
}

Finding JudgeUpstream(const UpstreamProbe& probe, const Config::Upstream& upstream) {
  const std::string words(probe.status.message());
  if (!Answered(probe)) return JudgeFailure(probe.failure, words, !upstream.proxy.empty());
  const v1::ErrorReason reason = ReasonOf(probe.status);
  if (reason == v1::ERROR_REASON_UPSTREAM_UNAVAILABLE) {
    return kUpstream.Fail(words, "wait: the API itself is in trouble; its status page may tell");
  }
  if (reason == v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE) {
    return kUpstream.Fail(
        words, "correct upstream.base_url, or the proxy that answers in the API's place");
  }
  const absl::Duration time = absl::Trunc(probe.received - probe.sent, absl::Microseconds(100));
  return kUpstream.Ok(absl::StrCat(upstream.base_url, " answers in ", absl::FormatDuration(time)));
}

Finding JudgePermission(const UpstreamProbe& probe, const Config::Credential& credential) {
  const Check check{"permission", probe.credential};
  if (!Answered(probe)) return check.Skip("the upstream gave no answer");
  const std::string place =
      credential.token_file.empty() ? "CLOUDFLARE_API_TOKEN" : credential.token_file;
  switch (ReasonOf(probe.status)) {
    case v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED:
      return check.Fail("the upstream refuses the token: it is wrong, expired or revoked",
                        absl::StrCat("put a valid API token into ", place));
    case v1::ERROR_REASON_UPSTREAM_RATE_LIMITED:
      return check.Skip("the upstream refuses every call for now: see budget");
    case v1::ERROR_REASON_UPSTREAM_UNAVAILABLE:
    case v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE:
      return check.Skip("the answer says nothing of it: see upstream");
    case v1::ERROR_REASON_UPSTREAM_REJECTED:
      return check.Fail(std::string(probe.status.message()),
                        probe.head.status == kNotFound
                            ? "correct upstream.base_url: there is no such path below it"
                            : "correct the account");
    default:
      break;
  }
  if (probe.account.empty()) {
    return check.Skip("the token is accepted; give --account to see what it may do");
  }
  // Each account would cost a request of the few there are.
  const auto accounts = std::count_if(credential.accounts.begin(), credential.accounts.end(),
                                      [](const std::string& account) { return account != "*"; });
  const std::string account =
      accounts < 2 ? probe.account
                   : absl::StrCat(probe.account, " (1 of ", accounts, " accounts asked)");
  if (probe.status.ok()) return check.Ok(absl::StrCat("may use account ", account));
  return check.Fail(
      absl::StrCat("the token is valid, but may not use account ", account),
      "give it the account permission to read and write Magic packet captures, or correct the "
      "account id: a mistyped one answers so too");
}

Finding JudgeClock(const UpstreamProbe& probe) {
  if (!Answered(probe)) return kClock.Skip("the upstream gave no answer");
  const std::optional<absl::Time> date = probe.head.Date();
  if (!date.has_value()) return kClock.Skip("the answer has no Date");
  // The upstream's clock was within this second at some time between asking and being answered.
  const absl::Duration ahead = probe.sent - (*date + absl::Seconds(1));
  const absl::Duration behind = *date - probe.received;
  const absl::Duration skew = std::max({ahead, behind, absl::ZeroDuration()});
  if (skew <= kMaxSkew) return kClock.Ok("agrees with the upstream's within 5s");
  return kClock.Fail(absl::StrCat("this host's clock is ", InSeconds(skew),
                                  ahead > behind ? " ahead of" : " behind", " the upstream's"),
                     "repair time synchronisation (NTP) on this host: timedatectl, chronyc");
}

Finding JudgeBudget(const UpstreamProbe& probe) {
  const Check check{"budget", probe.credential};
  if (!Answered(probe)) return check.Skip("the upstream gave no answer");
  if (probe.head.status == kTooManyRequests) {
    const absl::Duration rest = RetryAfterOf(probe.status).value_or(absl::ZeroDuration());
    return check.Fail(
        absl::StrCat("all calls of this Cloudflare user are refused (429) until ",
                     TimeOfDay(probe.received + rest), ", in ", InSeconds(rest)),
        "wait; then find what else spends the requests of this user: dashboards, scripts, tokens");
  }
  const std::vector<RateLimitWindow> windows = RateLimitOf(probe.head);
  std::string told;
  for (const RateLimitWindow& window : windows) {
    if (!window.remaining.has_value()) continue;
    std::string text = absl::StrFormat("%.0f", *window.remaining);
    if (window.quota.has_value()) absl::StrAppendFormat(&text, " of %.0f", *window.quota);
    absl::StrAppend(&text, " requests left");
    if (window.reset.has_value()) {
      absl::StrAppend(&text, ", new ones in ", InSeconds(*window.reset));
    }
    if (*window.remaining < kLowBudget * window.quota.value_or(kDocumentedQuota)) {
      return check.Fail(text,
                        "find what else spends the requests of this Cloudflare user, or give the "
                        "gateway a user of its own: at 0 every call is refused for 5 minutes");
    }
    if (told.empty()) told = text;
  }
  if (told.empty()) return check.Skip("the answer does not tell");
  return check.Ok(told);
}

}  // namespace pcaps::pcapctl
