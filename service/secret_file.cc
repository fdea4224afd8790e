#include "service/secret_file.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/small_file.h"

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
  absl::StatusOr<std::string> secret = ReadSmallFile(path, kMaxBytes);
  if (secret.ok()) return CheckSecret(*std::move(secret), source);
  return absl::Status(secret.status().code(),
                      absl::StrCat(source, " ", std::string(secret.status().message())));
}

bool IsWorldReadable(const std::string& path) {
  std::error_code unknown;
  const auto permissions = std::filesystem::status(path, unknown).permissions();
  return !unknown &&
         (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

}  // namespace pcaps
