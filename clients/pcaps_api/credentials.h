// Which upstream token for which account.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "clients/base/mutex.h"
#include "clients/pcaps_api/credential_standing.h"

namespace pcaps {

// A secret that cannot be logged by accident: it converts to nothing and prints nowhere.
class Token {
 public:
  explicit Token(std::string secret) : secret_(std::move(secret)) {}
  // Only where the secret is sent.
  const std::string& Reveal() const { return secret_; }

  bool operator==(const Token&) const = default;

 private:
  std::string secret_;
};
std::ostream& operator<<(std::ostream&, const Token&) = delete;

struct Credential {
  std::string name;  // For logs and metrics.
  Token token;
  std::vector<std::string> accounts;  // Ids, or "*" for every account that no credential names.
  std::string budget = "default";     // Credentials of one user name one budget.

  bool operator==(const Credential&) const = default;
};

// A credential, and what the upstream has said against its token.
struct CredentialInUse {
  const Credential credential;
  const std::shared_ptr<CredentialStanding> standing;
};

// One line for each credential in metrics.
struct CredentialState {
  std::string name;
  int rejections;           // In a row; 0 while the upstream takes it. See CredentialStanding.
  size_t forbidden;         // Accounts that it may not use, reading and writing counted apart.
  int64_t forgotten_total;  // Of those, forgotten for want of room.
};

struct CredentialsOptions {
  StandingOptions standing;
  // Told when the upstream rejects a token, with the error, and with OK when it accepts it, or the
  // one that replaced it, again. On the loop that found out.
  std::function<void(const std::string& name, const absl::Status&)> on_change;
};

// What is in force now: all of it can be replaced at any time. Thread-safe.
class Credentials {
 public:
  explicit Credentials(std::vector<Credential> credentials, CredentialsOptions options = {});
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // The credential that names the account, else the one for all, else null. Of two that fit, the
  // first. Whoever has it keeps it, even when it is replaced.
  std::shared_ptr<const CredentialInUse> Find(absl::string_view account_id) const;

  // From now on these. The names of those that are not as they were: changed, new, or gone. What
  // the upstream said against a token goes with it, and stays where it stays.
  std::vector<std::string> Replace(std::vector<Credential> credentials);

  std::vector<CredentialState> States() const;

 private:
  using Held = std::shared_ptr<const CredentialInUse>;

  // The credential with the standing its token has, where `before` had the same token.
  Held Hold(Credential credential, const CredentialInUse* before) const;

  const CredentialsOptions options_;
  mutable Mutex mutex_;
  std::map<std::string, Held> by_name_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Held> by_account_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
