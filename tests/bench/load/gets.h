// Gets: GetPcap many times at once, as a steady load or as fast as it is answered.
#pragma once

#include <pcaps/v1/pcaps.grpc.pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/load/tally.h"
#include "tests/bench/load/targets.h"

namespace pcaps::load {

struct GetsOptions {
  std::vector<std::string> targets;
  int channels = 4;
  Access access;
  std::vector<NamedCapture> captures;  // Asked for in turn; accounts get equal shares where they
                                       // have equally many.
  // Above 0: so many calls begin each second, whether or not others were answered. 0: `in_flight`
  // calls at any time.
  double per_second = 0;
  int in_flight = 64;  // A steady load leaves out what would be more.
  int64_t calls = 0;   // Stop after so many; 0: after `duration`.
  absl::Duration duration = absl::Seconds(1);
  int bypass_every = 0;                        // Every n-th call has max_age 0; 0: none.
  absl::Duration timeout = absl::Seconds(30);  // Of a call.
};

struct GetsReport {
  Tally all;
  std::map<std::string, Tally> accounts;
  int64_t not_begun = 0;  // Of a steady load, for want of room in `in_flight`.
  // Answers of one target that show less than an answer which it gave before the call began.
  int64_t went_back = 0;
  absl::Duration took;
};

// Returns when every call has ended.
GetsReport RunGets(const GetsOptions& options);

}  // namespace pcaps::load
