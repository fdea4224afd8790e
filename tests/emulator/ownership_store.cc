#include "tests/emulator/ownership_store.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/emulator/capture_json.h"
#include "tests/emulator/random.h"

namespace pcaps::emulator {
namespace {

bool IsKey(absl::string_view parameter) {
  const std::string name =
      absl::AsciiStrToLower(absl::StrReplaceAll(parameter, {{"%2d", "-"}, {"%2D", "-"}}));
  return absl::StartsWith(name, "access-key-id=") || absl::StartsWith(name, "secret-access-key=");
}

bool IsSameBucket(absl::string_view a, absl::string_view b) {
  const auto without_keys = [](absl::string_view uri) {
    std::pair<std::string, std::string> parts = absl::StrSplit(uri, absl::MaxSplits('?', 1));
    std::vector<std::string> parameters = absl::StrSplit(parts.second, '&');
    std::erase_if(parameters, IsKey);
    parts.second = absl::StrJoin(parameters, "&");
    return parts;
  };
  return without_keys(a) == without_keys(b);
}

}  // namespace

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
    return IsSameBucket(each.destination_conf, destination_conf);
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
    return IsSameBucket(each.destination_conf, destination_conf) && each.status == "success";
  });
}

bool OwnershipStore::Erase(const std::string& account_id, const std::string& id) {
  return std::erase_if(accounts_[account_id],
                       [&](const Ownership& each) { return each.id == id; }) > 0;
}

}  // namespace pcaps::emulator
