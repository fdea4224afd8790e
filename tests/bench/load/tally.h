// Tally: what came of many calls.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pcaps::load {

// "OK", or the reason in the status's ErrorInfo; the name of its code where it has none.
std::string OutcomeOf(const grpc::Status& status);

// Of the initial or the trailing metadata; empty where neither has it.
std::string MetadataOf(const grpc::ClientContext& context, const std::string& key);

// The `percent`th percentile; zero of nothing.
absl::Duration Percentile(std::vector<absl::Duration> values, double percent);

// Not thread-safe.
struct Tally {
  std::map<std::string, int64_t> outcomes;  // OutcomeOf().
  std::map<std::string, int64_t> cache;     // Of the calls that went well, by `pcaps-cache`.
  std::vector<absl::Duration> latencies;    // Of the calls that went well.

  void Add(const grpc::Status& status, const std::string& cache_result, absl::Duration took);
  void Add(const Tally& other);
  int64_t ok() const { return Count("OK"); }
  int64_t Count(const std::string& outcome) const;
  int64_t calls() const;
};

}  // namespace pcaps::load
