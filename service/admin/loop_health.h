// LoopHealth: whether loops still answer. Asks each every second.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"

namespace pcaps {

// On a loop of its own, which is none of those it asks.
class LoopHealth {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(1);
  // A loop that has not answered for so long hangs: it is never busy for a tenth of that.
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  struct Hanging {
    std::string name;
    absl::Duration silent_for;
  };

  // By name. They, and the clock, outlive the loop that this is on.
  LoopHealth(std::map<std::string, Loop> loops, Clock& clock);

  // Asks until the coroutine's loop ends.
  Task<void> Run();
  // The same once.
  void AskAll();

  std::vector<Hanging> HangingLoops() const;

 private:
  struct Asked {
    std::string name;
    Loop loop;
    // Shared with the question, which may outlive this.
    std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(true);
    absl::Time asked_at;  // The question that is not answered yet, if it is not.
  };

  Clock& clock_;
  absl::Time last_asked_ = absl::InfinitePast();
  std::vector<Asked> loops_;
};

}  // namespace pcaps
