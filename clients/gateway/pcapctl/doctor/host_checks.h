// What the gateway's configuration needs from its host: tokens, and a proxy.
#pragma once

#include "clients/gateway/pcapctl/doctor/finding.h"
#include "service/config.h"

namespace pcaps::pcapctl {

// token: it is there, and of a form that can be one. Whether it is valid is the upstream's to say.
Finding CheckToken(const Config::Credential& credential);

// proxy: something listens there. Blocks for upstream.connect_timeout at most.
Finding CheckProxy(const Config::Upstream& upstream);

}  // namespace pcaps::pcapctl
