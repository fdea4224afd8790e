#include "tests/emulator/rules.h"

namespace pcaps::emulator {

std::optional<ApiError> CreateRules::Check(const std::string& account_id, const Capture& wanted,
                                           const std::vector<Capture>& existing) const {
  if (!options_.enabled) return std::nullopt;
  const absl::Time now = wanted.submitted;
  if (wanted.full) {
    for (const Capture& each : existing) {
      if (!each.full || !ProgressAt(each, now).capturing()) continue;
      return ApiError{.status = options_.refusal_status,
                      .code = kFullCaptureRunning,
                      .message = "a full packet capture is already pending or running"};
    }
    return std::nullopt;
  }
  const auto last = last_simple_.find(account_id);
  if (last == last_simple_.end() || now >= last->second + options_.simple_interval) {
    return std::nullopt;
  }
  ApiError error = {.status = options_.refusal_status,
                    .code = kCreateTooSoon,
                    .message = "only one simple packet capture may be requested per minute"};
  if (options_.retry_after) {
    const absl::Duration rest = last->second + options_.simple_interval - now;
    error.retry_after = absl::ToInt64Seconds(absl::Ceil(rest, absl::Seconds(1)));
  }
  return error;
}

void CreateRules::Created(const std::string& account_id, const Capture& capture) {
  if (!capture.full) last_simple_[account_id] = capture.submitted;
}

}  // namespace pcaps::emulator
