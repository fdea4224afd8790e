#include "clients/pcaps_api/credentials.h"

namespace pcaps {
namespace {

constexpr char kEveryAccount[] = "*";

}  // namespace

Credentials::Credentials(std::vector<Credential> credentials)
    : credentials_(std::move(credentials)) {
  for (const Credential& credential : credentials_) {
    for (const std::string& account : credential.accounts) {
      by_account_.emplace(account, &credential);
    }
  }
}

const Credential* Credentials::Find(absl::string_view account_id) const {
  // A caller's "*" is no account.
  auto found =
      account_id == kEveryAccount ? by_account_.end() : by_account_.find(std::string(account_id));
  if (found == by_account_.end()) found = by_account_.find(kEveryAccount);
  return found == by_account_.end() ? nullptr : found->second;
}

}  // namespace pcaps
