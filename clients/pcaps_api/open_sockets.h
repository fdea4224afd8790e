// OpenSockets: the sockets libcurl has open, so that one can be looked at before it is used again:
// libcurl itself tells a transfer's socket only when the transfer is over.
#pragma once

#include <curl/curl.h>

#include <set>

namespace pcaps {

// On one loop's thread. Outlives every connection that was opened through it.
class OpenSockets {
 public:
  OpenSockets() = default;
  OpenSockets(const OpenSockets&) = delete;
  OpenSockets& operator=(const OpenSockets&) = delete;

  // `easy`'s connections are opened and closed here from now on.
  void Serve(CURL* easy);

  // Whether bytes, or an end, wait to be read on a connection from this port of ours. True, too,
  // where there is no such connection.
  bool HaveBytesAt(int local_port) const;

 private:
  static curl_socket_t Open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int Close(void* self, curl_socket_t fd);

  std::set<curl_socket_t> open_;
};

}  // namespace pcaps
