// RedisError: the one place where an error reply of Redis becomes a Status.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pcaps {

// UNAUTHENTICATED, the password is wrong or missing; PERMISSION_DENIED, the user may not do it;
// RESOURCE_EXHAUSTED, its memory is full; ABORTED, it takes no writes for want of replicas or of a
// disk; NOT_FOUND, it does not know the script; INTERNAL, anything else about this command.
// FAILED_PRECONDITION is about the server: it loads its data, is a replica, or busy with a script.
absl::Status RedisError(absl::string_view reply);

}  // namespace pcaps
