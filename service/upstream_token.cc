#include "service/upstream_token.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/secret_file.h"

namespace pcaps {
namespace {

constexpr char kTokenVariable[] = "CLOUDFLARE_API_TOKEN";

absl::StatusOr<std::string> SecretOf(const Config::Credential& credential) {
  if (!credential.token_file.empty()) return ReadSecretFile(credential.token_file);
  const std::string source = absl::StrCat("the environment variable ", kTokenVariable);
  const char* const variable = std::getenv(kTokenVariable);
  if (variable == nullptr) return absl::NotFoundError(absl::StrCat(source, " is not set"));
  return CheckSecret(variable, source);
}

}  // namespace

absl::StatusOr<Token> ReadToken(const Config::Credential& credential) {
  absl::StatusOr<std::string> secret = SecretOf(credential);
  if (secret.ok()) return Token(*std::move(secret));
  return absl::Status(secret.status().code(),
                      absl::StrCat("upstream.credentials: no token for '", credential.name,
                                   "': ", std::string(secret.status().message())));
}

absl::StatusOr<std::vector<Credential>> ReadCredentials(const Config& config) {
  std::vector<Credential> credentials;
  for (const Config::Credential& each : config.upstream.credentials) {
    absl::StatusOr<Token> token = ReadToken(each);
    if (!token.ok()) return token.status();
    credentials.push_back({each.name, *std::move(token), each.accounts, each.budget});
  }
  return credentials;
}

}  // namespace pcaps
