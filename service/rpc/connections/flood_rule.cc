#include "service/rpc/connections/flood_rule.h"

#include <algorithm>

namespace pcaps {

int64_t FloodRule::Earned(const Traffic& total, absl::Time now) const {
  return total.explained + total.sent / kSentPerReceived +
         kBytesPerSecond * absl::ToInt64Seconds(now - begin_);
}

FloodRule::Verdict FloodRule::Judge(const Traffic& total,
                                    const std::optional<StreamCounts>& streams, absl::Time now) {
  const bool excused = received_ < excused_until_;
  const int64_t earned = Earned(total, now);
  // Never more than the slack: who behaves for long does not save up for an attack. But some calls
  // came in while they were counted.
  const int64_t most = kSlack + total.received_meanwhile;
  credit_ = std::min(most, credit_ + (earned - earned_) - (total.received - received_));
  if (excused) credit_ = most;
  earned_ = earned;
  received_ = total.received;
  explained_ = total.explained;
  if (!streams.has_value()) return credit_ < 0 ? Verdict::kFlood : Verdict::kHonest;

  const int64_t not_calls = streams->started - total.calls;
  if (excused) excused_streams_ = std::max(int64_t{0}, not_calls);
  const int64_t given_up = excused_streams_ + total.calls / kCallsPerGivenUp +
                           kGivenUpPerSecond * absl::ToInt64Seconds(now - begin_);
  if (not_calls > max_concurrent_streams_ + given_up) return Verdict::kFlood;
  // At most so many have not come in whole: those that are calls may be open, too.
  const int64_t open = streams->started - streams->ended;
  if (credit_ + std::max(int64_t{0}, std::min(open, not_calls)) * kCallMax < 0) {
    return Verdict::kFlood;
  }
  // At least so many: a call may have ended for gRPC, and not yet for us.
  const int64_t partly_received = std::min(open - total.open_calls, not_calls);
  partly_received_ = partly_received > kUnremarkableStreams ? partly_received : 0;
  const bool growing = not_calls > kUnremarkableStreams * 10 + given_up;
  return partly_received_ > 0 || growing ? Verdict::kSuspect : Verdict::kHonest;
}

}  // namespace pcaps
