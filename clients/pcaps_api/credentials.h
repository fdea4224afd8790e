// Which upstream token for which account.
#pragma once

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "clients/base/mutex.h"

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

// What is in force now: all of it can be replaced at any time. Thread-safe.
class Credentials {
 public:
  explicit Credentials(std::vector<Credential> credentials);
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // The credential that names the account, else the one for all, else null. Of two that fit, the
  // first. Whoever has it keeps it, even when it is replaced.
  std::shared_ptr<const Credential> Find(absl::string_view account_id) const;

  // From now on these. The names of those that are not as they were: changed, new, or gone.
  std::vector<std::string> Replace(std::vector<Credential> credentials);

 private:
  using Held = std::shared_ptr<const Credential>;

  mutable Mutex mutex_;
  std::map<std::string, Held> by_name_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Held> by_account_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pcaps
