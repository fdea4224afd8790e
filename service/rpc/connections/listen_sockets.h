// ListenSockets: the sockets of one address to listen on.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/rpc/connections/descriptor.h"

namespace pcaps {

struct ListenSockets {
  std::vector<Descriptor> sockets;  // Non-blocking; one for each address of a name.
  int port = 0;                     // The one in use.
};

// `listen`: "host:port" or "[v6]:port"; port 0 picks a free one. 0.0.0.0 and [::] both stand for
// every address of this machine, IPv4 and IPv6. Blocks while a name is looked up. UNAVAILABLE where
// none of the addresses can be had; it says to change `key` of the configuration.
absl::StatusOr<ListenSockets> ListenOn(const std::string& listen, absl::string_view key = "listen");

}  // namespace pcaps
