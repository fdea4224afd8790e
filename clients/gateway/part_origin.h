// PartOrigin: which version of which capture the bytes of a partial download are of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pcaps {

struct PartOrigin {
  std::string account_id;
  std::string pcap_id;
  std::string etag;             // Empty: nobody said.
  std::optional<int64_t> size;  // Of the whole file, where the gateway said.
  std::string boot_id;          // The machine's start during which the bytes were written.

  // The etag is the digest of the whole file.
  bool names_whole() const;
};

// The start of this machine that we live in; empty where the system does not tell.
std::string BootId();

// A small JSON file, whole or not there.
absl::StatusOr<PartOrigin> ReadOrigin(const std::filesystem::path& path);
absl::Status WriteOrigin(const PartOrigin& origin, const std::filesystem::path& path);

// Whether the file of this size and SHA-256 (32 bytes) is the whole that the origin tells of; else
// DATA_LOSS.
absl::Status CheckWhole(const PartOrigin& origin, int64_t size, const std::string& sha256);

}  // namespace pcaps
