// RunDoctor: every check in order, from the caller's side to the upstream and Redis.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/gateway/call_options.h"
#include "clients/gateway/connection.h"
#include "clients/gateway/pcapctl/doctor/report.h"

namespace pcaps::pcapctl {

struct DoctorOptions {
  ConnectOptions connect;   // The gateway to ask.
  CallOptions call;         // Its deadline bounds everything that is asked.
  std::string account;      // Empty: what needs one is skipped.
  std::string config_file;  // The gateway's own. Empty: only the gateway is asked.
};

// Each finding goes into the report as soon as it is known. CANCELLED when it was interrupted, else
// the report's conclusion.
absl::Status RunDoctor(const DoctorOptions& options, Report& report);

}  // namespace pcaps::pcapctl
