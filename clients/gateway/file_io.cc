#include "clients/gateway/file_io.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace pcaps::internal {

namespace fs = std::filesystem;

absl::StatusOr<fs::path> TargetOf(const std::string& path) {
  std::error_code error;
  const bool link = fs::is_symlink(path, error);
  fs::path target = link ? fs::canonical(path, error) : fs::path(path);
  if (link && error) return absl::InvalidArgumentError(absl::StrCat(path, " leads nowhere"));
  const fs::file_status before = fs::status(target, error);
  if (fs::exists(before) && !fs::is_regular_file(before)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  return target;
}

absl::Status FileError(absl::string_view what, const fs::path& path) {
  return absl::UnknownError(
      absl::StrCat(what, " ", path.string(), ": ", std::generic_category().message(errno)));
}

absl::Status WriteAll(int descriptor, absl::string_view& bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("cannot write", path);
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status Publish(int descriptor, const fs::path& from, const fs::path& to) {
  if (fsync(descriptor) != 0) return FileError("cannot write", from);
  if (rename(from.c_str(), to.c_str()) != 0) return FileError("cannot write", to);
  return absl::OkStatus();
}

}  // namespace pcaps::internal
