#include "clients/gateway/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/gateway/file_io.h"

namespace pcaps {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = 256 << 10;
// The owner of the lock renames the file away when it is done; then another one is there to take.
constexpr int kMaxOpenAttempts = 10;

fs::path WithSuffix(fs::path path, absl::string_view suffix) {
  path += std::string(suffix);
  return path;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartFile>> PartFile::Open(const std::string& path,
                                                         const std::string& account_id,
                                                         const std::string& pcap_id) {
  const absl::StatusOr<fs::path> target = internal::TargetOf(path);
  if (!target.ok()) return target.status();
  const fs::path part = WithSuffix(*target, ".part");
  for (int attempt = 0; attempt < kMaxOpenAttempts; ++attempt) {
    const int descriptor = open(part.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                                internal::kFileMode);
    if (descriptor < 0) {
      return absl::InvalidArgumentError(absl::StrCat("cannot write ", part.string(), ": ",
                                                     std::generic_category().message(errno)));
    }
    const absl::StatusOr<bool> locked = Lock(descriptor, part);
    if (!locked.ok() || !*locked) close(descriptor);
    if (!locked.ok()) return locked.status();
    if (!*locked) continue;
    std::unique_ptr<PartFile> file(new PartFile(*target, descriptor));
    absl::Status status = file->TakeUp(account_id, pcap_id);
    if (status.ok()) status = file->ReadBytes();
    if (!status.ok()) return status;
    return file;
  }
  return absl::AbortedError(absl::StrCat(part.string(), " is replaced again and again"));
}

PartFile::PartFile(fs::path path, int descriptor)
    : path_(std::move(path)),
      part_(WithSuffix(path_, ".part")),
      state_(WithSuffix(path_, ".part.json")),
      descriptor_(descriptor) {}

PartFile::~PartFile() {
  struct stat there = {};
  const bool empty = fstat(descriptor_, &there) == 0 && there.st_size == 0;
  if (!committed_ && empty) {
    unlink(state_.c_str());
    unlink(part_.c_str());
  }
  close(descriptor_);  // And with it the lock.
}

absl::StatusOr<bool> PartFile::Lock(int descriptor, const fs::path& part) {
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return internal::FileError("cannot lock", part);
    return absl::FailedPreconditionError(
        absl::StrCat("another process is downloading into ", part.string()));
  }
  struct stat ours = {};
  struct stat named = {};
  if (fstat(descriptor, &ours) != 0) return internal::FileError("cannot read", part);
  if (stat(part.c_str(), &named) != 0) return false;
  if (!S_ISREG(ours.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(part.string(), " is not a regular file"));
  }
  return ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

absl::Status PartFile::TakeUp(const std::string& account_id, const std::string& pcap_id) {
  origin_ = {.account_id = account_id, .pcap_id = pcap_id};
  struct stat there = {};
  if (fstat(descriptor_, &there) != 0) return internal::FileError("cannot read", part_);
  if (there.st_size == 0) return absl::OkStatus();
  const absl::StatusOr<PartOrigin> found = ReadOrigin(state_);
  const std::string way_out = "; remove it, or write to another file";
  if (!found.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(part_.string(), " is not a download to continue", way_out));
  }
  if (found->account_id != account_id || found->pcap_id != pcap_id) {
    return absl::FailedPreconditionError(absl::StrCat(part_.string(), " is a part of capture ",
                                                      CleanText(found->pcap_id), " of account ",
                                                      CleanText(found->account_id), way_out));
  }
  const bool certain = found->names_whole() || found->boot_id == BootId();
  const bool too_long = found->size.has_value() && there.st_size > *found->size;
  if (!certain) why_discarded_ = "the machine was restarted since, which may have lost some";
  if (found->etag.empty()) why_discarded_ = "nothing tells which version of the file they are of";
  if (too_long) why_discarded_ = "they are more than the file has";
  if (!why_discarded_.empty()) return Restart();
  origin_ = *found;
  return absl::OkStatus();
}

absl::Status PartFile::ReadBytes() {
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const ssize_t got = pread(descriptor_, buffer.data(), buffer.size(), size_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return internal::FileError("cannot read", part_);
    if (got == 0) return absl::OkStatus();
    sha256_.Update({buffer.data(), static_cast<size_t>(got)});
    size_ += got;
  }
}

absl::Status PartFile::Begin(const v1::DownloadInfo& info) {
  if (size_ > 0 && info.etag() == origin_.etag) return absl::OkStatus();
  const absl::Status emptied = Restart();
  if (!emptied.ok()) return emptied;
  origin_.etag = info.etag();
  origin_.boot_id = BootId();
  if (info.has_size()) origin_.size = info.size();
  return WriteOrigin(origin_, state_);
}

absl::Status PartFile::Write(absl::string_view bytes) {
  absl::string_view rest = bytes;
  absl::Status written = internal::WriteAll(descriptor_, rest, part_);
  bytes.remove_suffix(rest.size());  // What is there counts, also where the disk is full.
  sha256_.Update(bytes);
  size_ += static_cast<int64_t>(bytes.size());
  return written;
}

absl::Status PartFile::Restart() {
  if (ftruncate(descriptor_, 0) != 0) return internal::FileError("cannot empty", part_);
  origin_ = {.account_id = origin_.account_id, .pcap_id = origin_.pcap_id};
  size_ = 0;
  sha256_ = Sha256();
  return absl::OkStatus();
}

absl::StatusOr<std::string> PartFile::Commit() {
  std::string digest = std::exchange(sha256_, Sha256()).Finish();
  const absl::Status whole = CheckWhole(origin_, size_, digest);
  if (!whole.ok()) return whole;
  const absl::Status published = internal::Publish(descriptor_, part_, path_);
  if (!published.ok()) return published;
  committed_ = true;
  unlink(state_.c_str());
  return digest;
}

}  // namespace pcaps
