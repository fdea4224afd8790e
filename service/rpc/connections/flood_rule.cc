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
  if (!streams.has_value()) return credit_ < 0 ? Verdict::kFlood : Verdict::kHonest;

  const int64_t without_handler = streams->started - total.calls;
  const int64_t given_up = total.calls / kCallsPerGivenUp;
  if (without_handler > max_concurrent_streams_ + given_up) return Verdict::kFlood;
  const int64_t open = streams->started - streams->ended;
  const int64_t partly_received = std::max(int64_t{0}, std::min(open, without_handler));
  if (credit_ + partly_received * kCallMax < 0) return Verdict::kFlood;
  return without_handler > kSuspectStreams + given_up ? Verdict::kSuspect : Verdict::kHonest;
}

}  // namespace pcaps
