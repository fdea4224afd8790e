#include "clients/pcaps_api/open_sockets.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pcaps {
namespace {

// 0 where it has none.
int LocalPort(curl_socket_t fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  if (address.ss_family != AF_INET6) return 0;
  return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

bool IsReadable(curl_socket_t fd) {
  pollfd reading{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&reading, 1, /*timeout=*/0) != 0;
}

}  // namespace

void OpenSockets::Serve(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &OpenSockets::Open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &OpenSockets::Close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

bool OpenSockets::HaveBytesAt(int local_port) const {
  bool found = false;
  for (const curl_socket_t fd : open_) {
    if (LocalPort(fd) != local_port) continue;
    if (IsReadable(fd)) return true;
    found = true;
  }
  return !found;
}

curl_socket_t OpenSockets::Open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  const curl_socket_t fd =
      socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd != CURL_SOCKET_BAD) static_cast<OpenSockets*>(self)->open_.insert(fd);
  return fd;
}

int OpenSockets::Close(void* self, curl_socket_t fd) {
  static_cast<OpenSockets*>(self)->open_.erase(fd);
  return close(fd);
}

}  // namespace pcaps
