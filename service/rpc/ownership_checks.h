// What a request about bucket ownership must be like before anything is done for it.
#pragma once

#include <pcaps/v1/ownership.pb.h>

#include "absl/status/status.h"

namespace pcaps {

// OK, or INVALID_ARGUMENT/INVALID_FIELD with google.rpc.BadRequest that names every bad field, and
// no value of a URI or challenge.
absl::Status CheckRequest(const v1::ListOwnershipsRequest& request);
absl::Status CheckRequest(const v1::CreateOwnershipRequest& request);
absl::Status CheckRequest(const v1::ValidateOwnershipRequest& request);
absl::Status CheckRequest(const v1::DeleteOwnershipRequest& request);

}  // namespace pcaps
