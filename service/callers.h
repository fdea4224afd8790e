// Callers: who may call, how each is recognised, for which accounts, and whether to write.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps {

struct CallerRate {
  double requests_per_second = 0;  // 0: no limit.
  double burst = 100;
};

struct Caller {
  std::string name;  // For logs, and part of a create's name.
  // What it shows: "uri:spiffe://..." or "dns:..." of a client certificate's subject alternative
  // names, "sha256:..." of a bearer token.
  std::vector<std::string> identities;
  std::set<std::string, std::less<>> accounts;  // Ids, or "*" for all.
  bool may_write = false;  // Create, stop, and change ownerships; else it reads only.
  CallerRate rate;         // Of its unary calls, over the whole fleet, beside the accounts'.

  bool MayUse(absl::string_view account_id) const {
    return accounts.contains("*") ||
           accounts.contains(std::string_view(account_id.data(), account_id.size()));
  }
};

// Immutable, so usable from any thread.
class Callers {
 public:
  explicit Callers(std::vector<Caller> callers);
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  size_t size() const { return callers_.size(); }

  // Somebody, and by what he was recognised: one of caller->identities. Both null: nobody.
  struct Match {
    const Caller* caller = nullptr;
    const std::string* identity = nullptr;
  };

  // By what a callers file says of him: a name of his certificate ("uri:...", "dns:..."), or what
  // TokenIdentity() makes of his token.
  Match Find(absl::string_view identity) const;
  // By a token. How long it takes tells nothing of other tokens.
  Match FindByToken(absl::string_view token) const;

 private:
  struct HashedToken {
    std::string digest;  // 32 bytes.
    Match match;
  };

  const std::vector<Caller> callers_;
  absl::flat_hash_map<std::string, Match> by_identity_;
  absl::flat_hash_map<uint64_t, HashedToken> tokens_;  // By the first eight bytes of the digest.
};

// The callers in a YAML file:
//
//   callers:
//     - name: capture-ui
//       identities: ["uri:spiffe://prod/ns/capture/sa/ui"]
//       accounts: ["*"]
//       permission: read            # or write
//       rate_limit: {requests_per_second: 5, burst: 10}
//
// Errors: NOT_FOUND; PERMISSION_DENIED; INVALID_ARGUMENT lists every problem, each with its line.
absl::StatusOr<std::shared_ptr<const Callers>> ReadCallersFile(const std::string& path);

// The same from YAML text; `source` stands for the file in messages.
absl::StatusOr<std::shared_ptr<const Callers>> ParseCallers(const std::string& yaml,
                                                            const std::string& source);

// "sha256:..." of a bearer token, as a callers file has it.
std::string TokenIdentity(absl::string_view token);

}  // namespace pcaps
