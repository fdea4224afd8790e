// State: everything the emulator remembers, for the routes to work on. One thread.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tests/emulator/capture_store.h"
#include "tests/emulator/faults.h"
#include "tests/emulator/ids.h"
#include "tests/emulator/options.h"
#include "tests/emulator/ownership_store.h"
#include "tests/emulator/rate_limit.h"
#include "tests/emulator/request_log.h"
#include "tests/emulator/rules.h"
#include "tests/emulator/stats.h"

namespace pcaps::emulator {

struct State {
  explicit State(const EmulatorOptions& options)
      : options(options),
        ids(options.seed),
        rules(options.rules),
        rate_limit(options.rate_limit),
        faults(options.seed) {}

  EmulatorOptions options;
  IdSource ids;
  CaptureStore captures;
  OwnershipStore ownerships;
  CreateRules rules;
  RateLimit rate_limit;
  FaultSet faults;
  Stats stats;
  RequestLog requests;
  absl::Duration date_offset;  // How far the Date header is ahead of the true time.
};

// A request to one of the nine endpoints, let in.
struct Call {
  std::string account_id;
  std::string object_id;
  std::string body;
  absl::Time now;
  uint64_t content_salt = 0;  // Not 0: a download is to differ from the true file.
};

}  // namespace pcaps::emulator
