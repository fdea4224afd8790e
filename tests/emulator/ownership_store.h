// OwnershipStore: buckets and the proofs that they are the account's.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pcaps::emulator {

struct Ownership {
  std::string id;
  std::string destination_conf;
  std::string status = "pending";  // pending, success, failed.
  absl::Time submitted;
  std::optional<absl::Time> validated;

  // The file the API writes into the bucket.
  std::string Filename() const;
  std::string ChallengeContents() const;
};

boost::json::object ToJson(const Ownership& ownership);

// A bucket is known by its URI but for its keys (access-key-id, secret-access-key), which are given
// when it is added and left out later.
class OwnershipStore {
 public:
  const Ownership& Add(const std::string& account_id, Ownership ownership);
  // Success when `challenge` is the file's name or its contents, else failed. Null where nobody
  // added this bucket.
  const Ownership* Validate(const std::string& account_id, const std::string& destination_conf,
                            const std::string& challenge, absl::Time now);
  const Ownership* Find(const std::string& account_id, const std::string& id);
  bool IsValidated(const std::string& account_id, const std::string& destination_conf);
  // False where there was none.
  bool Erase(const std::string& account_id, const std::string& id);
  const std::vector<Ownership>& Of(const std::string& account_id) { return accounts_[account_id]; }
  void Clear() { accounts_.clear(); }

 private:
  std::map<std::string, std::vector<Ownership>> accounts_;
};

}  // namespace pcaps::emulator
