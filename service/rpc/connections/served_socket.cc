#include "service/rpc/connections/served_socket.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"

namespace pcaps {

ServedSocket::File ServedSocket::FileOf(int fd) {
  struct stat status{};
  const std::string path = absl::StrCat("/proc/self/fd/", fd);
  return stat(path.c_str(), &status) == 0 ? File(status.st_dev, status.st_ino) : File();
}

}  // namespace pcaps
