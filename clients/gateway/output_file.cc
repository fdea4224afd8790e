#include "clients/gateway/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/gateway/file_io.h"

namespace pcaps {
namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path) {
  absl::StatusOr<fs::path> target = internal::TargetOf(path);
  if (!target.ok()) return target.status();
  const std::string random = boost::uuids::to_string(boost::uuids::random_generator()());
  fs::path temporary = *target;
  temporary += absl::StrCat(".", random, ".part");
  const int descriptor =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, internal::kFileMode);
  if (descriptor < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", path, ": ", std::generic_category().message(errno)));
  }
  return std::unique_ptr<OutputFile>(
      new OutputFile(*std::move(target), std::move(temporary), descriptor));
}

OutputFile::OutputFile(fs::path path, fs::path temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!committed_) unlink(temporary_.c_str());
}

absl::Status OutputFile::Write(absl::string_view bytes) {
  return internal::WriteAll(descriptor_, bytes, temporary_);
}

absl::Status OutputFile::Commit() {
  absl::Status published = internal::Publish(descriptor_, temporary_, path_);
  committed_ = published.ok();
  return published;
}

}  // namespace pcaps
