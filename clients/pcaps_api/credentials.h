// Which upstream token for which account.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace pcaps {

// A secret that cannot be logged by accident: it converts to nothing and prints nowhere.
class Token {
 public:
  explicit Token(std::string secret) : secret_(std::move(secret)) {}
  // Only where the secret is sent.
  const std::string& Reveal() const { return secret_; }

 private:
  std::string secret_;
};
std::ostream& operator<<(std::ostream&, const Token&) = delete;

struct Credential {
  std::string name;  // For logs and metrics.
  Token token;
  std::vector<std::string> accounts;  // Ids, or "*" for every account that no credential names.
  std::string budget = "default";     // Credentials of one user name one budget.
};

// Immutable, so usable from any thread.
class Credentials {
 public:
  explicit Credentials(std::vector<Credential> credentials);
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // The credential that names the account, else the one for all, else null. Of two that fit, the
  // first.
  const Credential* Find(absl::string_view account_id) const;

 private:
  const std::vector<Credential> credentials_;
  std::map<std::string, const Credential*> by_account_;
};

}  // namespace pcaps
