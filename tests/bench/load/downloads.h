// Downloads: many readers of one capture at once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/load/targets.h"

namespace pcaps::load {

struct DownloadsOptions {
  std::vector<std::string> targets;  // Reader i reads from target i, counted round.
  int channels = 4;
  Access access;
  std::string account_id;
  std::string pcap_id;
  int readers = 1;
  absl::Duration timeout = absl::Seconds(60);
};

struct DownloadsReport {
  std::map<std::string, int64_t> outcomes;  // See OutcomeOf(); "BAD_SUMMARY" where the bytes are
                                            // not what the summary says.
  std::set<std::string> sha256;             // Of the bytes, in hex: one, where all are equal.
  absl::Duration took;
};

DownloadsReport RunDownloads(const DownloadsOptions& options);

}  // namespace pcaps::load
