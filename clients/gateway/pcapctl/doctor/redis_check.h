// The Redis that replicas share.
#pragma once

#include "absl/status/statusor.h"
#include "clients/gateway/pcapctl/doctor/finding.h"
#include "clients/redis/redis_probe.h"
#include "service/config.h"

namespace pcaps::pcapctl {

// redis: asks it. Skipped without state.redis_url. Blocks within state.connect_timeout and a few
// seconds more at most.
Finding CheckRedis(const Config::State& state);

// What its answer, or the lack of one, means.
Finding JudgeRedis(const absl::StatusOr<RedisReport>& report, const Config::State& state);

}  // namespace pcaps::pcapctl
