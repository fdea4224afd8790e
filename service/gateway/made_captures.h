// MadeCaptures: whose creation made which capture, for the whole fleet. A capture that is bound to
// one creation is never taken for another's. On the control loop.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/base/task.h"
#include "service/gateway/capture_file.h"
#include "service/state/shared_state.h"

namespace pcaps {

class MadeCaptures {
 public:
  explicit MadeCaptures(SharedState& state) : state_(state) {}

  // Binds the capture to its creation, unless it is bound. Whose it is then.
  Task<absl::StatusOr<std::string>> Bind(CaptureKey capture, std::string creation);
  // Takes the capture from a creation that it was bound to in error.
  Task<absl::Status> Rebind(CaptureKey capture, std::string wrong, std::string creation);
  // Whose it is; nothing where it is not bound.
  Task<absl::StatusOr<std::optional<std::string>>> MakerOf(CaptureKey capture);

 private:
  SharedState& state_;
};

}  // namespace pcaps
