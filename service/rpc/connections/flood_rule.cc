#include "service/rpc/connections/flood_rule.h"

#include <algorithm>

namespace pcaps {

FloodRule::Verdict FloodRule::Judge(const Traffic& total,
                                    const std::optional<StreamCounts>& streams, absl::Time now) {
  const int64_t earned = total.explained + total.sent / kSentPerReceived +
                         kBytesPerSecond * absl::ToInt64Seconds(now - begin_);
  // Never more than the slack: who behaves for long does not save up for an attack.
  credit_ = std::min(kSlack, credit_ + (earned - earned_) - (total.received - received_));
  earned_ = earned;
  received_ = total.received;
  explained_ = total.explained;
  if (!streams.has_value()) return credit_ < 0 ? Verdict::kFlood : Verdict::kHonest;

  const int64_t not_calls = streams->started - total.calls;
  const int64_t given_up = total.calls / kCallsPerGivenUp;
  if (not_calls > max_concurrent_streams_ + given_up) return Verdict::kFlood;
  const int64_t open = std::min(streams->started - streams->ended - total.open_calls, not_calls);
  if (credit_ + std::max(int64_t{0}, open) * kCallMax < 0) return Verdict::kFlood;
  partly_received_ = open > kUnremarkableStreams ? open : 0;
  const bool growing = not_calls > kUnremarkableStreams * 10 + given_up;
  return partly_received_ > 0 || growing ? Verdict::kSuspect : Verdict::kHonest;
}

}  // namespace pcaps
