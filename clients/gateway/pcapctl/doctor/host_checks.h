// What the gateway's configuration needs from its host: tokens, certificates, callers, and a proxy.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/gateway/pcapctl/doctor/finding.h"
#include "service/config.h"

namespace pcaps::pcapctl {

// What is wrong with a file: all problems on one line.
std::string OnOneLine(const absl::Status& status);

// token: it is there, and of a form that can be one. Whether it is valid is the upstream's to say.
Finding CheckToken(const Config::Credential& credential);

// tls: certificate, key and authorities are there and fit, and the certificate lasts for a week.
Finding CheckTls(const Config::Tls& tls);

// callers: the file is there, and sound.
Finding CheckCallers(const Config::Auth& auth);

// proxy: something listens there. Blocks for upstream.connect_timeout at most.
Finding CheckProxy(const Config::Upstream& upstream);

}  // namespace pcaps::pcapctl
