#include "clients/pcaps_api/credentials.h"

#include <utility>

namespace pcaps {
namespace {

constexpr char kEveryAccount[] = "*";

}  // namespace

Credentials::Credentials(std::vector<Credential> credentials, CredentialsOptions options)
    : options_(std::move(options)) {
  Replace(std::move(credentials));
}

std::shared_ptr<const CredentialInUse> Credentials::Find(absl::string_view account_id) const {
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
    const auto node = before.extract(credential.name);
    const Held old = node.empty() ? nullptr : node.mapped();
    const Held held = Hold(std::move(credential), old.get());
    const std::string& name = held->credential.name;
    for (const std::string& account : held->credential.accounts) by_account_.emplace(account, held);
    by_name_.emplace(name, held);
    if (old == nullptr || old->credential != held->credential) changed.push_back(name);
  }
  for (const auto& [name, gone] : before) changed.push_back(name);
  return changed;
}

Credentials::Held Credentials::Hold(Credential credential, const CredentialInUse* before) const {
  const bool same_token = before != nullptr && before->credential.token == credential.token;
  std::shared_ptr<CredentialStanding> standing;
  if (same_token) {
    standing = before->standing;
  } else {
    standing = std::make_shared<CredentialStanding>(
        options_.standing, before != nullptr && before->standing->told_rejected(),
        [on_change = options_.on_change, name = credential.name](const absl::Status& status) {
          if (on_change) on_change(name, status);
        });
  }
  return std::make_shared<const CredentialInUse>(
      CredentialInUse{std::move(credential), std::move(standing)});
}

std::vector<CredentialState> Credentials::States() const {
  std::vector<CredentialState> states;
  const MutexLock lock(mutex_);
  for (const auto& [name, held] : by_name_) {
    const CredentialStanding& standing = *held->standing;
    states.push_back({name, standing.rejections(), standing.forbidden(), standing.forgotten()});
  }
  return states;
}

}  // namespace pcaps
