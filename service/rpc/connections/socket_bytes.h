// What has passed through a socket, as the kernel counts it.
#pragma once

#include <cstdint>

namespace pcaps {

struct SocketBytes {
  int64_t received = 0;  // And read, since the connection began.
  int64_t sent = 0;      // And acknowledged, since then.
  int64_t unread = 0;    // Now.
  int64_t unsent = 0;    // And not acknowledged, now.
};

// Zeroes where the kernel does not count.
SocketBytes BytesOf(int socket);

}  // namespace pcaps
