// PartFile: a download that survives its process, on the way to the file it will be.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/base/sha256.h"
#include "clients/gateway/part_origin.h"

namespace pcaps {

// The bytes are in FILE.part, and FILE.part.json says of which capture and version they are: it is
// there before the first byte is. Both stay when the owner goes, however it goes, and are gone once
// FILE is there; FILE.part without a byte goes with its owner. One process at a time has them.
//
// What is there is read again on opening, so the digest is of the file as it is. Where the etag is
// the digest of the whole, anything wrong with the bytes shows at the end. Where it is not, bytes
// from before a restart of the machine, which may not have reached the disk, are not used again.
//
// Used by one thread.
class PartFile {
 public:
  // Errors: INVALID_ARGUMENT where FILE cannot be written; FAILED_PRECONDITION, naming it, where
  // what is there belongs to another capture, to nobody known, or to a process that runs.
  static absl::StatusOr<std::unique_ptr<PartFile>> Open(const std::string& path,
                                                        const std::string& account_id,
                                                        const std::string& pcap_id);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  // FILE.part, for messages.
  std::string name() const { return part_.string(); }
  // Bytes that are there, and the version they are of. No etag: nothing to continue.
  int64_t size() const { return size_; }
  const std::string& etag() const { return origin_.etag; }
  std::optional<int64_t> whole_size() const { return origin_.size; }

  // Why bytes that were there on opening are not used again; empty where there were none such.
  const std::string& why_discarded() const { return why_discarded_; }

  // Before the first bytes of a stream. A stream of the same version continues what is there.
  absl::Status Begin(const v1::DownloadInfo& info);
  absl::Status Write(absl::string_view bytes);
  // Forgets everything that is there.
  absl::Status Restart();
  // Verifies the whole against what the gateway said of it, makes it durable and gives it its name.
  // Returns its SHA-256; DATA_LOSS where it is not whole. Last call, unless Restart() follows.
  absl::StatusOr<std::string> Commit();

 private:
  PartFile(std::filesystem::path path, int descriptor);

  // Takes the lock; false where the name belongs to another file by now.
  static absl::StatusOr<bool> Lock(int descriptor, const std::filesystem::path& part);
  // Whether what is there is ours, and of use.
  absl::Status TakeUp(const std::string& account_id, const std::string& pcap_id);
  absl::Status ReadBytes();

  const std::filesystem::path path_;
  const std::filesystem::path part_;
  const std::filesystem::path state_;
  const int descriptor_;
  PartOrigin origin_;
  std::string why_discarded_;
  int64_t size_ = 0;
  Sha256 sha256_;
  bool committed_ = false;
};

}  // namespace pcaps
