#include "clients/gateway/pcapctl/doctor/upstream_probe.h"

#include <boost/asio/io_context.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/http_client.h"
#include "clients/pcaps_api/upstream_error.h"
#include "service/upstream_http.h"

namespace pcaps::pcapctl {
namespace {

// Well-formed, and nobody's: with it the upstream still judges the token.
constexpr char kNobodysAccount[] = "00000000000000000000000000000000";
constexpr size_t kMaxBodyBytes = 4 << 20;  // A list has at most about 50 captures.

HttpRequest RequestOf(const Config& config, const Credential& credential,
                      const std::string& account) {
  const std::string id = boost::urls::encode(account.empty() ? kNobodysAccount : account,
                                             boost::urls::unreserved_chars);
  HttpRequest request;
  request.url =
      absl::StrCat(absl::StripSuffix(config.upstream.base_url, "/"), "/accounts/", id, "/pcaps");
  request.headers = {{"Authorization", absl::StrCat("Bearer ", credential.token.Reveal())},
                     {"Accept", "application/json"}};
  return request;
}

Task<absl::StatusOr<std::string>> ReadAll(HttpExchange& exchange, absl::Time deadline) {
  std::string body;
  while (body.size() <= kMaxBodyBytes) {
    const absl::StatusOr<std::string> data = co_await exchange.Read(deadline);
    if (!data.ok()) co_return data.status();
    if (data->empty()) break;
    body += *data;
  }
  co_return body;
}

Task<UpstreamProbe> Exchange(HttpExchange& exchange, Clock& clock, absl::Time deadline,
                             UpstreamProbe probe) {
  probe.sent = clock.Now();
  const absl::Status arrived = co_await exchange.AwaitHead(deadline);
  probe.received = clock.Now();
  absl::StatusOr<std::string> body;
  if (arrived.ok()) {
    probe.head = exchange.head();
    body = co_await ReadAll(exchange, deadline);
  } else {
    body = arrived;
  }
  if (!body.ok()) {
    probe.failure = exchange.failure();
    probe.status = TransportError(probe.failure, body.status().message());
    co_return probe;
  }
  const std::vector<std::string>
      no_secrets;  // None is sent but the token, which no answer repeats.
  probe.status = ResultOf({Operation::kListPcaps, probe.head, *body, no_secrets}).status();
  co_return probe;
}

}  // namespace

UpstreamProbe ProbeUpstream(const Config& config, const Credential& credential,
                            const std::string& account, absl::Time deadline, std::stop_token stop) {
  boost::asio::io_context loop(1);
  SystemClock clock;
  HttpOptions options = UpstreamHttpOptions(config);
  options.user_agent = "pcapctl-doctor/" PCAPS_VERSION;
  HttpClient client(loop.get_executor(), std::move(options), clock);
  const std::unique_ptr<HttpExchange> exchange =
      client.Start(RequestOf(config, credential, account));
  boost::asio::cancellation_signal cancel;
  UpstreamProbe outcome;
  Spawn(loop.get_executor(), cancel.slot(),
        Exchange(*exchange, clock, deadline, {.credential = credential.name, .account = account}),
        [&](UpstreamProbe result) {
          outcome = std::move(result);
          loop.stop();
        });
  const std::stop_callback<std::function<void()>> on_stop(std::move(stop), [&] {
    boost::asio::post(loop, [&] { cancel.emit(boost::asio::cancellation_type::terminal); });
  });
  loop.run();
  return outcome;
}

}  // namespace pcaps::pcapctl
