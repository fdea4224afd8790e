#include "clients/redis/redis_error.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {

// Redis puts the kind of an error in front of it. Before version 7 that of a command within a
// script is told in the middle of the script's own, with a dash.
absl::Status RedisError(absl::string_view reply) {
  const std::string words = CleanText(reply);
  const auto is = [reply](absl::string_view kind) {
    return absl::StartsWith(reply, kind) || absl::StrContains(reply, absl::StrCat(": -", kind));
  };
  // "ERR AUTH called without any password configured", "ERR Client sent AUTH, but ...", "ERR
  // invalid password": those of versions before 6, too.
  if (is("WRONGPASS ") || is("NOAUTH ") || is("ERR AUTH ") || is("ERR Client sent AUTH") ||
      is("ERR invalid password")) {
    return absl::UnauthenticatedError(words);
  }
  // Of a command within a script Redis 6 and 7 tell it in words of their own.
  if (is("NOPERM ") || absl::StrContains(reply, "can't run this command") ||
      absl::StrContains(reply, "ACL failure")) {
    return absl::PermissionDeniedError(words);
  }
  if (is("OOM ")) return absl::ResourceExhaustedError(words);
  if (is("NOREPLICAS ") || is("MISCONF ")) return absl::AbortedError(words);
  if (is("NOSCRIPT ")) return absl::NotFoundError(words);
  if (is("LOADING ") || is("READONLY ") || is("MASTERDOWN ") || is("BUSY ")) {
    return absl::FailedPreconditionError(words);
  }
  return absl::InternalError(words);
}

}  // namespace pcaps
