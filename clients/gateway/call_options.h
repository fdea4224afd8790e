// What a caller may say about one call to the gateway.
#pragma once

#include <stop_token>
#include <string>

#include "absl/time/time.h"

namespace pcaps {

struct CallOptions {
  absl::Time deadline = absl::InfiniteFuture();  // Bounds the whole call, repetitions included.
  std::stop_token stop;    // Once stop is requested, from any thread, the call ends CANCELLED.
  std::string request_id;  // Printable ASCII; sent as `request-id` and logged there. Empty: none.
};

}  // namespace pcaps
