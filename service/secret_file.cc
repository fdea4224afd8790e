#include "service/secret_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

constexpr size_t kMaxBytes = 8192;  // A file larger than this is no secret, but a mistake.

bool IsVisible(char c) { return c > ' ' && c < 0x7F; }

}  // namespace

absl::StatusOr<std::string> CheckSecret(std::string secret, const std::string& source) {
  absl::StripAsciiWhitespace(&secret);
  if (secret.empty()) return absl::InvalidArgumentError(absl::StrCat(source, " is empty"));
  if (!std::all_of(secret.begin(), secret.end(), IsVisible)) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, " holds white space or other characters no secret has, inside it"));
  }
  return secret;
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  const std::string source = absl::StrCat("the file ", path);
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    return absl::InvalidArgumentError(absl::StrCat(source, " is a directory"));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return absl::NotFoundError(absl::StrCat(source, " does not exist"));
    return absl::PermissionDeniedError(
        absl::StrCat(source, " cannot be read: ", std::strerror(errno)));
  }
  std::string secret(kMaxBytes + 1, '\0');
  file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
  secret.resize(static_cast<size_t>(file.gcount()));
  if (secret.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(source, " is too large for a secret"));
  }
  return CheckSecret(std::move(secret), source);
}

bool IsWorldReadable(const std::string& path) {
  std::error_code unknown;
  const auto permissions = std::filesystem::status(path, unknown).permissions();
  return !unknown &&
         (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

}  // namespace pcaps
