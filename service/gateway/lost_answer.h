// How it is found out what a POST did whose answer was lost: captures and ownerships alike.
#pragma once

#include <array>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps {

// When the list is read after an answer was lost. What a POST did shows at once or, behind a busy
// upstream, seconds later.
inline constexpr std::array<absl::Duration, 3> kReadAfter = {absl::Seconds(1), absl::Seconds(3),
                                                             absl::Seconds(10)};
// What is kept of the caller's time for these looks: a POST answered too late is looked for, too.
inline constexpr absl::Duration kMaxLookTime = absl::Seconds(5);
inline constexpr int kLookShare = 3;  // Of a short time, one part in so many.
// The upstream tells its time in whole seconds, and some time before we know it.
inline constexpr absl::Duration kClockSlack = absl::Seconds(5);

// What is the same in all URIs of one bucket: upstreams may leave out its keys.
inline std::string BucketUriOf(absl::string_view uri) {
  return WithoutKeys(RedactDestination(uri));
}

}  // namespace pcaps
