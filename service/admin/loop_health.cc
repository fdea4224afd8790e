#include "service/admin/loop_health.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace pcaps {

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
  for (Asked& each : loops_) {
    if (!*each.answered) continue;
    *each.answered = false;
    each.asked_at = clock_.Now();
    boost::asio::post(each.loop, [answered = each.answered] { *answered = true; });
  }
}

std::vector<LoopHealth::Hanging> LoopHealth::HangingLoops() const {
  std::vector<Hanging> hanging;
  for (const Asked& each : loops_) {
    const absl::Duration silent_for = clock_.Now() - each.asked_at;
    if (!*each.answered && silent_for >= kPatience) hanging.push_back({each.name, silent_for});
  }
  return hanging;
}

}  // namespace pcaps
