#include "clients/pcaps_api/credentials.h"

#include <utility>

namespace pcaps {
namespace {

constexpr char kEveryAccount[] = "*";

}  // namespace

Credentials::Credentials(std::vector<Credential> credentials) { Replace(std::move(credentials)); }

std::shared_ptr<const Credential> Credentials::Find(absl::string_view account_id) const {
  const MutexLock lock(mutex_);
  // A caller's "*" is no account.
  auto found =
      account_id == kEveryAccount ? by_account_.end() : by_account_.find(std::string(account_id));
  if (found == by_account_.end()) found = by_account_.find(kEveryAccount);
  return found == by_account_.end() ? nullptr : found->second;
}

std::vector<std::string> Credentials::Replace(std::vector<Credential> credentials) {
  std::vector<std::string> changed;
  const MutexLock lock(mutex_);
  std::map<std::string, Held> before = std::exchange(by_name_, {});
  by_account_.clear();
  for (Credential& credential : credentials) {
    const auto held = std::make_shared<const Credential>(std::move(credential));
    for (const std::string& account : held->accounts) by_account_.emplace(account, held);
    by_name_.emplace(held->name, held);
    const auto old = before.extract(held->name);
    if (old.empty() || *old.mapped() != *held) changed.push_back(held->name);
  }
  for (const auto& [name, gone] : before) changed.push_back(name);
  return changed;
}

}  // namespace pcaps
