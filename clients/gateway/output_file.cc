#include "clients/gateway/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kMode = 0666;  // Less the umask, as of any file a program writes for its user.

absl::Status SystemError(absl::string_view what, const fs::path& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path.string()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path) {
  std::error_code error;
  const bool link = fs::is_symlink(path, error);
  // A link is not replaced: the file it names is.
  fs::path target = link ? fs::canonical(path, error) : fs::path(path);
  if (link && error) return absl::InvalidArgumentError(absl::StrCat(path, " leads nowhere"));
  const fs::file_status before = fs::status(target, error);
  if (fs::exists(before) && !fs::is_regular_file(before)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  const std::string random = boost::uuids::to_string(boost::uuids::random_generator()());
  fs::path temporary = target;
  temporary += absl::StrCat(".", random, ".part");
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  if (descriptor < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", path, ": ", std::generic_category().message(errno)));
  }
  return std::unique_ptr<OutputFile>(
      new OutputFile(std::move(target), std::move(temporary), descriptor));
}

OutputFile::OutputFile(fs::path path, fs::path temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!committed_) unlink(temporary_.c_str());
}

absl::Status OutputFile::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("cannot write", temporary_);
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Commit() {
  if (fsync(descriptor_) != 0) return SystemError("cannot write", temporary_);
  if (close(std::exchange(descriptor_, -1)) != 0) return SystemError("cannot write", temporary_);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return SystemError("cannot write", path_);
  committed_ = true;
  return absl::OkStatus();
}

}  // namespace pcaps
