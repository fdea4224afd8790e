#include "service/rpc/door.h"

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr absl::Duration kOverloadedRetry = absl::Seconds(1);  // Most calls take far less.

}  // namespace

absl::Status TooManyAtOnce(const Places& places, absl::string_view what) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                absl::StrCat(places.max(), " ", what, " are open already; try again later")),
      kOverloadedRetry);
}

}  // namespace pcaps
