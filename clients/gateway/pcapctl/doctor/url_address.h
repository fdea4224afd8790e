// Host and port of a URL: what a TCP connection to it needs.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {

struct UrlAddress {
  std::string host;
  int port = 0;
};

// A URL without a scheme counts as http://. INVALID_ARGUMENT never repeats the URL: there may be a
// password in it.
absl::StatusOr<UrlAddress> AddressOfUrl(absl::string_view url, int default_port);

}  // namespace pcaps::pcapctl
