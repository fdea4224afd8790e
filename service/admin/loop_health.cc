#include "service/admin/loop_health.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace pcaps {
namespace {

constexpr absl::Duration kAsleep = absl::Seconds(3);  // A few of kInterval.

}  // namespace

LoopHealth::LoopHealth(std::map<std::string, Loop> loops, Clock& clock) : clock_(clock) {
  for (auto& [name, loop] : loops) loops_.push_back({.name = name, .loop = std::move(loop)});
}

Task<void> LoopHealth::Run() {
  while (true) {
    AskAll();
    co_await clock_.Sleep(kInterval);
  }
}

void LoopHealth::AskAll() {
  const absl::Time now = clock_.Now();
  // Where we slept, so did they: the whole process was stopped.
  const bool slept = now - last_asked_ > kAsleep;
  last_asked_ = now;
  for (Asked& each : loops_) {
    if (slept) each.asked_at = now;
    if (!*each.answered) continue;
    *each.answered = false;
    each.asked_at = now;
    boost::asio::post(each.loop, [answered = each.answered] { *answered = true; });
  }
}

std::vector<LoopHealth::Hanging> LoopHealth::HangingLoops() const {
  std::vector<Hanging> hanging;
  for (const Asked& each : loops_) {
    const absl::Duration silent_for = last_asked_ - each.asked_at;
    if (!*each.answered && silent_for >= kPatience) hanging.push_back({each.name, silent_for});
  }
  return hanging;
}

}  // namespace pcaps
