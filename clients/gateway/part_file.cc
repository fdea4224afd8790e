#include "clients/gateway/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"
#include "clients/gateway/file_io.h"
#include "clients/gateway/output_file.h"

namespace pcaps {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// An etag that begins so goes on with the digest of the whole file.
constexpr absl::string_view kWholeDigest = "sha256:";
constexpr size_t kReadBytes = 256 << 10;
// The owner of the lock renames the file away when it is done; then another one is there to take.
constexpr int kMaxOpenAttempts = 10;

std::string ReadAll(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Empty where the system does not tell.
std::string BootId() { return ReadAll("/proc/sys/kernel/random/boot_id"); }

fs::path WithSuffix(fs::path path, absl::string_view suffix) {
  path += std::string(suffix);
  return path;
}

std::string TextAt(const json::object& object, const char* key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

absl::StatusOr<PartFile::Origin> ParseOrigin(const fs::path& state) {
  json::error_code error;
  const json::value value = json::parse(ReadAll(state), error);
  if (error || !value.is_object()) return absl::NotFoundError("no origin");
  const json::object& object = value.get_object();
  PartFile::Origin origin = {.account_id = TextAt(object, "account_id"),
                             .pcap_id = TextAt(object, "pcap_id"),
                             .etag = TextAt(object, "etag"),
                             .boot_id = TextAt(object, "boot_id")};
  const json::value* const size = object.if_contains("size");
  if (size != nullptr && size->is_int64()) origin.size = size->get_int64();
  return origin;
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
    absl::Status status = file->ReadOrigin(account_id, pcap_id);
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

absl::Status PartFile::ReadOrigin(const std::string& account_id, const std::string& pcap_id) {
  origin_ = {.account_id = account_id, .pcap_id = pcap_id};
  struct stat there = {};
  if (fstat(descriptor_, &there) != 0) return internal::FileError("cannot read", part_);
  if (there.st_size == 0) return absl::OkStatus();
  const absl::StatusOr<Origin> found = ParseOrigin(state_);
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
  const bool certain = absl::StartsWith(found->etag, kWholeDigest) || found->boot_id == BootId();
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

absl::Status PartFile::WriteOrigin() const {
  json::object object{{"account_id", origin_.account_id},
                      {"pcap_id", origin_.pcap_id},
                      {"etag", origin_.etag},
                      {"boot_id", origin_.boot_id}};
  if (origin_.size.has_value()) object["size"] = *origin_.size;
  // Whole or not there: a half one would make the bytes useless.
  const auto file = OutputFile::Create(state_.string());
  if (!file.ok()) return file.status();
  const absl::Status written = (*file)->Write(json::serialize(object) + "\n");
  return written.ok() ? (*file)->Commit() : written;
}

absl::Status PartFile::Begin(const v1::DownloadInfo& info) {
  if (size_ > 0 && info.etag() == origin_.etag) return absl::OkStatus();
  const absl::Status emptied = Restart();
  if (!emptied.ok()) return emptied;
  origin_.etag = info.etag();
  origin_.boot_id = BootId();
  if (info.has_size()) origin_.size = info.size();
  return WriteOrigin();
}

absl::Status PartFile::Write(absl::string_view bytes) {
  absl::Status written = internal::WriteAll(descriptor_, bytes, part_);
  if (!written.ok()) return written;
  sha256_.Update(bytes);
  size_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status PartFile::Restart() {
  if (ftruncate(descriptor_, 0) != 0) return internal::FileError("cannot empty", part_);
  origin_ = {.account_id = origin_.account_id, .pcap_id = origin_.pcap_id};
  size_ = 0;
  sha256_ = Sha256();
  return absl::OkStatus();
}

absl::StatusOr<std::string> PartFile::Commit() {
  if (origin_.size.has_value() && size_ != *origin_.size) {
    return absl::DataLossError(
        absl::StrCat(part_.string(), " has ", size_, " bytes of ", *origin_.size));
  }
  std::string digest = std::exchange(sha256_, Sha256()).Finish();
  absl::string_view whole = origin_.etag;
  if (absl::ConsumePrefix(&whole, kWholeDigest) && whole != absl::BytesToHexString(digest)) {
    return absl::DataLossError(
        absl::StrCat(part_.string(), " has another SHA-256 than the capture"));
  }
  const absl::Status published = internal::Publish(descriptor_, part_, path_);
  if (!published.ok()) return published;
  committed_ = true;
  unlink(state_.c_str());
  return digest;
}

}  // namespace pcaps
