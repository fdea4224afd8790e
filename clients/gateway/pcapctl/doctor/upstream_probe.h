// UpstreamProbe: one request to the upstream, from here and past any gateway, with all that its
// answer shows.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/pcaps_api/credentials.h"
#include "clients/pcaps_api/http_exchange.h"
#include "service/config.h"

namespace pcaps::pcapctl {

struct UpstreamProbe {
  std::string credential;
  std::string account;  // Empty: none is known; the request named one that nobody has.
  absl::Time sent;
  absl::Time received;
  HttpFailure failure = HttpFailure::kNone;  // Why there is no answer.
  HttpHead head;
  absl::Status status;  // The answer, judged as the gateway judges it; see upstream_error.h.
};

// Lists the account's captures: the cheapest request that needs the permission. It is sent once:
// the upstream's budget is small. Blocks until `deadline` at most; `stop` ends it early.
UpstreamProbe ProbeUpstream(const Config& config, const Credential& credential,
                            const std::string& account, absl::Time deadline, std::stop_token stop);

}  // namespace pcaps::pcapctl
