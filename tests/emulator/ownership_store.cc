#include "tests/emulator/ownership_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/emulator/capture_json.h"
#include "tests/emulator/random.h"

namespace pcaps::emulator {

std::string Ownership::Filename() const { return absl::StrCat("ownership-challenge-", id, ".txt"); }

std::string Ownership::ChallengeContents() const {
  return absl::StrFormat("challenge-%016x", Random(SeedOf(id)).Next());
}

boost::json::object ToJson(const Ownership& ownership) {
  return {{"id", ownership.id},
          {"destination_conf", ownership.destination_conf},
          {"filename", ownership.Filename()},
          {"status", ownership.status},
          {"submitted", ToRfc3339(ownership.submitted)},
          {"validated", ownership.validated ? ToRfc3339(*ownership.validated) : ""}};
}

const Ownership& OwnershipStore::Add(const std::string& account_id, Ownership ownership) {
  return accounts_[account_id].emplace_back(std::move(ownership));
}

const Ownership* OwnershipStore::Validate(const std::string& account_id,
                                          const std::string& destination_conf,
                                          const std::string& challenge, absl::Time now) {
  std::vector<Ownership>& owned = accounts_[account_id];
  // The newest: adding a bucket again starts a new challenge.
  const auto found = std::find_if(owned.rbegin(), owned.rend(), [&](const Ownership& each) {
    return each.destination_conf == destination_conf;
  });
  if (found == owned.rend()) return nullptr;
  if (challenge == found->Filename() || challenge == found->ChallengeContents()) {
    found->status = "success";
    found->validated = now;
  } else {
    found->status = "failed";
    found->validated.reset();
  }
  return &*found;
}

const Ownership* OwnershipStore::Find(const std::string& account_id, const std::string& id) {
  for (const Ownership& each : accounts_[account_id]) {
    if (each.id == id) return &each;
  }
  return nullptr;
}

bool OwnershipStore::IsValidated(const std::string& account_id,
                                 const std::string& destination_conf) {
  const std::vector<Ownership>& owned = accounts_[account_id];
  return std::any_of(owned.begin(), owned.end(), [&](const Ownership& each) {
    return each.destination_conf == destination_conf && each.status == "success";
  });
}

bool OwnershipStore::Erase(const std::string& account_id, const std::string& id) {
  return std::erase_if(accounts_[account_id],
                       [&](const Ownership& each) { return each.id == id; }) > 0;
}

}  // namespace pcaps::emulator
