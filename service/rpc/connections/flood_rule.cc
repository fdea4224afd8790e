#include "service/rpc/connections/flood_rule.h"

#include <algorithm>

namespace pcaps {

int64_t FloodRule::Earned(const Traffic& total, absl::Time now) const {
  return total.explained + total.sent / kSentPerReceived +
         kBytesPerSecond * absl::ToInt64Seconds(now - begin_);
}

FloodRule::Verdict FloodRule::Judge(const Traffic& total,
                                    const std::optional<StreamCounts>& streams, bool suspected,
                                    absl::Time now) {
  const bool excused = IsExcused(now);
  const int64_t earned = Earned(total, now);
  // Never more than the slack: who behaves for long does not save up for an attack. But some calls
  // came in while they were counted.
  const int64_t most = kSlack + total.received_meanwhile;
  credit_ = std::min(most, credit_ + (earned - earned_) - (total.received - received_));
  if (excused) {
    credit_ = most;
    forgiven_ = std::max(int64_t{0}, total.received - earned);
  }
  earned_ = earned;
  received_ = total.received;
  explained_ = total.explained;

  const StreamCounts counts =
      streams.value_or(StreamCounts{total.calls, total.calls - total.open_calls});
  const int64_t not_calls = counts.started - total.calls;
  if (excused) excused_streams_ = std::max(int64_t{0}, not_calls);
  // At most so many have not come in whole: those that are calls may be open, too. At least so many
  // are: a call may have ended for gRPC, and not yet for us.
  const int64_t open = counts.started - counts.ended;
  const int64_t most_unfinished = std::max(int64_t{0}, std::min(open, not_calls));
  const int64_t unfinished = std::max(int64_t{0}, std::min(open - total.open_calls, not_calls));
  const int64_t reset = std::clamp(counts.ended - (total.calls - total.open_calls), int64_t{0},
                                   std::max(int64_t{0}, not_calls));
  if (excused) before_.reset = reset;
  UpdateHeld(
      {now, {unfinished, std::max(int64_t{0}, kSlack - credit_)}, reset, earned, total.calls});

  const int64_t given_up = excused_streams_ + total.calls / kCallsPerGivenUp +
                           kGivenUpPerSecond * absl::ToInt64Seconds(now - begin_);
  if (not_calls > max_concurrent_streams_ + given_up) return Verdict::kFlood;
  if (credit_ + most_unfinished * kCallMax < 0) return Verdict::kFlood;
  if (suspected && reset > max_concurrent_streams_ / 10 + given_up) return Verdict::kFlood;
  const bool growing = not_calls > kUnremarkableStreams * 10 + given_up;
  return unfinished > kUnremarkableStreams || growing ? Verdict::kSuspect : Verdict::kHonest;
}

void FloodRule::UpdateHeld(const State& state) {
  open_ = state.open;
  kept_ = state.open;
  kept_.streams += std::max(int64_t{0}, state.reset - before_.reset);
  kept_.streams = std::max(int64_t{0}, kept_.streams - state.calls);
  Keep held = held_;
  if (state.at - before_.at >= kHoldTime) {
    // What calls have explained since then is not held.
    held.streams = before_.open.streams - (state.calls - before_.calls);
    held.bytes = before_.open.bytes - (state.earned - before_.earned);
    before_ = state;
  }
  held_.streams = std::max(int64_t{0}, std::min(held.streams, state.open.streams));
  held_.bytes = std::max(int64_t{0}, std::min(held.bytes, state.open.bytes));
}

}  // namespace pcaps
