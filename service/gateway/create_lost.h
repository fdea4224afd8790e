// LostCreates: finds what a POST created whose answer was lost. On the control loop.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/made_captures.h"
#include "service/state/shared_state.h"

namespace pcaps {

// A POST that may have created a capture.
struct LostCreate {
  v1::CreatePcapRequest request;
  std::string creation;  // Its name in MadeCaptures.
  absl::Time sent;       // On the fleet's clock.
  // What was submitted later is another's. On the fleet's clock.
  absl::Time give_up = absl::InfiniteFuture();
};

// True where `pcap` can be what the request created, by all it says but the time.
bool IsCreatedBy(const v1::CreatePcapRequest& request, const v1::Pcap& pcap);

class LostCreates {
 public:
  // All referents outlive it. A POST may be under way for `request_timeout`.
  LostCreates(PcapsApi& api, SharedState& state, Clock& clock, absl::Duration request_timeout)
      : api_(api), state_(state), clock_(clock), made_(state), request_timeout_(request_timeout) {}

  // Reads the list once. The capture, bound to the creation, where there is exactly one that it can
  // have made and that is bound to no other; nothing where that cannot be told. Whoever asks has
  // made sure that it has the account's lease just now.
  Task<std::optional<v1::Pcap>> Look(LostCreate lost, CallTerms terms);

  MadeCaptures& made() { return made_; }

 private:
  PcapsApi& api_;
  SharedState& state_;
  Clock& clock_;
  MadeCaptures made_;
  const absl::Duration request_timeout_;
};

}  // namespace pcaps
