#include "service/rpc/connections/socket_bytes.h"

// In a file of its own: <netinet/tcp.h>, which everything else includes, has an older tcp_info.
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace pcaps {

SocketBytes BytesOf(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size);
  int unread = 0;
  ioctl(socket, SIOCINQ, &unread);
  int unsent = 0;
  ioctl(socket, SIOCOUTQ, &unsent);
  return {static_cast<int64_t>(info.tcpi_bytes_received) - unread,
          static_cast<int64_t>(info.tcpi_bytes_acked), unread, unsent};
}

}  // namespace pcaps
