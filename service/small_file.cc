#include "service/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

absl::Status Unreadable(int error) {
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError("does not exist");
  return absl::PermissionDeniedError(absl::StrCat("cannot be read: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t max_bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return Unreadable(errno);
  const auto closed = absl::MakeCleanup([file] { ::close(file); });
  struct stat found = {};
  if (::fstat(file, &found) != 0) return Unreadable(errno);
  if (S_ISDIR(found.st_mode)) return absl::InvalidArgumentError("is a directory");
  if (!S_ISREG(found.st_mode)) return absl::InvalidArgumentError("is no regular file");
  std::string text(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t taken = ::read(file, text.data() + size, text.size() - size);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return Unreadable(errno);
    if (taken == 0) break;
    size += static_cast<size_t>(taken);
  }
  if (size > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat("is larger than ", max_bytes, " bytes"));
  }
  text.resize(size);
  return text;
}

}  // namespace pcaps
