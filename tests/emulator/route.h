// Routes: which endpoint a request line means.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pcaps::emulator {

// In the order of kEndpointNames.
enum class Endpoint {
  kListPcaps,
  kCreatePcap,
  kGetPcap,
  kStopPcap,
  kDownloadPcap,
  kListOwnerships,
  kCreateOwnership,
  kValidateOwnership,
  kDeleteOwnership,
  kUnknownRoute,      // No such path: 404.
  kMethodNotAllowed,  // The path is known, the method is not: 405.
};

// "list_pcaps", as statistics and faults name it.
absl::string_view EndpointName(Endpoint endpoint);
std::optional<Endpoint> EndpointByName(absl::string_view name);

struct Route {
  Endpoint endpoint = Endpoint::kUnknownRoute;
  std::string account_id;
  std::string object_id;  // Of the capture or ownership; exactly 32 characters where there is one.
};

// `target` is path and query as sent; the path is decoded here.
Route ParseRoute(absl::string_view method, absl::string_view target);

}  // namespace pcaps::emulator
