// RedisError: the one place where an error reply of Redis becomes a Status.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pcaps {

// UNAUTHENTICATED, the password is wrong or missing; PERMISSION_DENIED, the user may not do it;
// RESOURCE_EXHAUSTED, its memory is full; ABORTED, it takes no writes for want of replicas or of a
// disk; FAILED_PRECONDITION, it is loading its data, is a replica, or busy with a script;
// NOT_FOUND, it does not know the script; INTERNAL, anything else.
absl::Status RedisError(absl::string_view reply);

// True where the error is one of the server and not of the command: another server may be there by
// now, or this one be ready after a while.
bool IsOfServer(absl::string_view reply);

}  // namespace pcaps
