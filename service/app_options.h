// What each part of the gateway is told of the configuration.
#pragma once

#include <string>

#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/config.h"
#include "service/gateway/gateway.h"
#include "service/gateway/rate_limiter.h"
#include "service/gateway/upstream_budget.h"

namespace pcaps {

// Without gate and callbacks.
RestPcapsApiOptions ApiOptions(const Config& config);
// Of a client that fetches bodies.
RestPcapsApiOptions DownloadApiOptions(const Config& config);

UpstreamBudgetOptions BudgetOptions(const Config& config);
RateLimiterOptions RateOptions(const Config& config);

// `holder`: this process's name among the replicas.
GatewayOptions UseCaseOptions(const Config& config, const std::string& holder);

}  // namespace pcaps
