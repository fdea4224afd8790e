// Where a Redis is: redis://host:port/database, or rediss:// for TLS.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps {

struct RedisAddress {
  std::string host;  // A name or an address; IPv6 without brackets.
  int port = 6379;
  bool tls = false;
  int database = 0;
};

// INVALID_ARGUMENT: what is wrong, to follow the name of the setting. It never repeats the URL,
// which may hold a password, though none may be in it.
absl::StatusOr<RedisAddress> ParseRedisUrl(absl::string_view url);

}  // namespace pcaps
