// CreateQueue: the creations of this process, in lanes: one at a time leaves each, the oldest
// first. On the control loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/event.h"
#include "clients/base/task.h"
#include "service/gateway/create_rules.h"

namespace pcaps {

class CreateQueue {
 public:
  // A place in a lane.
  struct Place {
    Place(const Loop& loop, std::string lane, absl::Time patience)
        : lane(std::move(lane)), patience(patience), moved(loop) {}
    const std::string lane;
    const absl::Time patience;  // Until then it waits for the rules; after it, it is refused.
    Event moved;
  };
  using Entered = std::shared_ptr<Place>;

  CreateQueue(Loop loop, Clock& clock) : loop_(std::move(loop)), clock_(clock) {}

  // Takes the last place. Whoever enters leaves, whatever comes.
  Entered Enter(std::string lane, absl::Time patience);
  void Leave(const Entered& place);
  // True where others left the lane just before: they may just have had the account's lease.
  bool WasBusy(const Entered& place) const;

  // Waits for the first place. Errors: that of the first place's refusal, once patience is over;
  // DEADLINE_EXCEEDED; CANCELLED; what EndWaits() said.
  Task<absl::Status> AwaitFront(Entered place, absl::Time deadline);

  // The first place is refused: it waits, as far as its patience goes, until it should look again.
  // Errors: the refusal; CANCELLED; what EndWaits() said.
  Task<absl::Status> AwaitSlot(Entered place, CreateRefusal refusal);
  // The first place is refused no more.
  void Unblock(const Entered& place);

  // From now on nobody waits for a refusal to end.
  void EndWaits(absl::Status why);

 private:
  struct Lane {
    std::deque<Entered> places;
    bool was_busy = false;
    absl::Status refusal;  // Of the first place.
  };

  // Why this place need not wait any longer for a lane that is refused.
  absl::Status RefusalOf(const Place& place, const absl::Status& refusal) const;
  static void WakeAll(const Lane& lane);

  const Loop loop_;
  Clock& clock_;
  std::map<std::string, Lane> lanes_;
  std::optional<absl::Status> ended_;
};

}  // namespace pcaps
