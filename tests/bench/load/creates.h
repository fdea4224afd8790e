// Creates: captures created with request ids, each tried until it is.
#pragma once

#include <pcaps/v1/pcaps.grpc.pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/load/targets.h"

namespace pcaps::load {

struct CreatesOptions {
  std::vector<std::string> targets;  // Each try goes to the next one.
  int channels = 4;
  Access access;
  std::vector<std::string> accounts;  // Taken in turn.
  int creates = 1;
  int in_flight = 64;                                // At once.
  std::string prefix = "create";                     // Of the request ids.
  absl::Duration max_queue_wait;                     // 0: none asked for.
  absl::Duration timeout = absl::Seconds(30);        // Of one try.
  absl::Duration patience = absl::Minutes(2);        // For one create, from its first try on.
  absl::Duration backoff = absl::Milliseconds(100);  // Between tries, doubled up to a second.
};

struct CreatesReport {
  std::map<std::string, int64_t> outcomes;  // Of all tries, see OutcomeOf().
  std::map<std::string, int64_t> left;      // Last outcome of each create that was given up.
  std::vector<std::string> pcap_ids;        // Of each create that ended OK.
  std::vector<absl::Time> ended;            // When it did.
  absl::Duration took;

  int64_t DistinctIds() const;
};

// Returns when every create ended OK, or its patience is over. All ask for the same capture: only
// their request ids differ.
CreatesReport RunCreates(const CreatesOptions& options);

}  // namespace pcaps::load
