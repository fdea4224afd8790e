#include "service/rpc/door.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/rpc/connections/descriptor_limit.h"

namespace pcaps {
namespace {

constexpr absl::Duration kOverloadedRetry = absl::Seconds(1);  // Most calls take far less.

// gRPC has one for each connection, the watch another. The rest, half of few: upstream and Redis
// connections, files.
constexpr int64_t kDescriptorsPerConnection = 2;
constexpr int64_t kOtherDescriptors = 1000;

}  // namespace

DoorLimits WithinDescriptors(DoorLimits limits) {
  int& connections = limits.connections.max_connections;
  const int64_t allowed =
      RaiseDescriptorLimit(connections * kDescriptorsPerConnection + kOtherDescriptors);
  const int64_t others = std::min(kOtherDescriptors, allowed / 2);
  const int64_t room = (allowed - others) / kDescriptorsPerConnection;
  connections = static_cast<int>(std::clamp(room, int64_t{1}, int64_t{connections}));
  return limits;
}

absl::Status TooManyAtOnce(const Places& places, absl::string_view what) {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_OVERLOADED,
                absl::StrCat(places.max(), " ", what, " are open already; try again later")),
      kOverloadedRetry);
}

}  // namespace pcaps
