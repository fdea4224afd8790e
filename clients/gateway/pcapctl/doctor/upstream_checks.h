// The upstream as the gateway's host sees it, judged by one answer of it.
#pragma once

#include <optional>

#include "clients/gateway/pcapctl/doctor/finding.h"
#include "clients/gateway/pcapctl/doctor/upstream_probe.h"
#include "service/config.h"

namespace pcaps::pcapctl {

// upstream: what can be told without a request: the CA file, the name, the connection. Nothing
// where nothing is wrong. Blocks for upstream.connect_timeout at most.
std::optional<Finding> FindUnreachable(const Config::Upstream& upstream);

// upstream: it answers, its certificate verifies, and it is the API.
Finding JudgeUpstream(const UpstreamProbe& probe, const Config::Upstream& upstream);

// permission: the token is valid, and may use the account.
Finding JudgePermission(const UpstreamProbe& probe, const Config::Credential& credential);

// clock: offset_time and creating once compare times of here with times of there.
Finding JudgeClock(const UpstreamProbe& probe);

// budget: how much of the rate of this Cloudflare user is left.
Finding JudgeBudget(const UpstreamProbe& probe);

}  // namespace pcaps::pcapctl
