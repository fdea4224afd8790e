// ResolveName: a host's addresses, found without holding a loop up.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/base/task.h"

namespace pcaps {

// The system's resolver cannot be given a time or be stopped: it runs on a thread of its own, which
// a caller that is cancelled leaves behind. (Asio's own resolver would hold up whoever destroys the
// loop.) NOT_FOUND: the name has no address.
Task<absl::StatusOr<std::vector<boost::asio::ip::tcp::endpoint>>> ResolveName(std::string host,
                                                                              int port);

}  // namespace pcaps
