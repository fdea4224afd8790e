#include "tests/bench/load/tally.h"

#include <algorithm>
#include <cmath>

#include "clients/base/error.h"
#include "clients/gateway/status.h"

namespace pcaps::load {

std::string OutcomeOf(const grpc::Status& status) {
  if (status.ok()) return "OK";
  const absl::Status error = FromGrpcStatus(status);
  const std::string reason = ErrorInfoOf(error).reason();
  return reason.empty() ? absl::StatusCodeToString(error.code()) : reason;
}

std::string MetadataOf(const grpc::ClientContext& context, const std::string& key) {
  for (const auto* metadata :
       {&context.GetServerInitialMetadata(), &context.GetServerTrailingMetadata()}) {
    const auto found = metadata->find(key);
    if (found != metadata->end()) return {found->second.data(), found->second.size()};
  }
  return "";
}

absl::Duration Percentile(std::vector<absl::Duration> values, double percent) {
  if (values.empty()) return absl::ZeroDuration();
  const double rank = std::ceil(percent / 100 * static_cast<double>(values.size()));
  const auto nth = values.begin() + static_cast<int64_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

void Tally::Add(const grpc::Status& status, const std::string& cache_result, absl::Duration took) {
  ++outcomes[OutcomeOf(status)];
  if (!status.ok()) return;
  ++cache[cache_result.empty() ? "none" : cache_result];
  latencies.push_back(took);
}

void Tally::Add(const Tally& other) {
  for (const auto& [outcome, count] : other.outcomes) outcomes[outcome] += count;
  for (const auto& [result, count] : other.cache) cache[result] += count;
  latencies.insert(latencies.end(), other.latencies.begin(), other.latencies.end());
}

int64_t Tally::Count(const std::string& outcome) const {
  const auto found = outcomes.find(outcome);
  return found == outcomes.end() ? 0 : found->second;
}

int64_t Tally::calls() const {
  int64_t all = 0;
  for (const auto& [outcome, count] : outcomes) all += count;
  return all;
}

}  // namespace pcaps::load
