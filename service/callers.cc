#include "service/callers.h"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/sha256.h"

namespace pcaps {
namespace {

constexpr absl::string_view kTokenPrefix = "sha256:";

uint64_t HeadOf(const std::string& digest) {
  uint64_t head = 0;
  std::memcpy(&head, digest.data(), sizeof(head));
  return head;
}

// Of 64 hex digits; not Abseil's function, whose form in Debian 12 is deprecated in 13.
std::string DigestFromHex(absl::string_view hex) {
  std::string digest(32, '\0');
  OPENSSL_hexstr2buf_ex(reinterpret_cast<unsigned char*>(digest.data()), digest.size(), nullptr,
                        std::string(hex).c_str(), '\0');
  return digest;
}

}  // namespace

Callers::Callers(std::vector<Caller> callers) : callers_(std::move(callers)) {
  for (const Caller& caller : callers_) {
    for (const std::string& identity : caller.identities) {
      const Match match{&caller, &identity};
      by_identity_[identity] = match;
      absl::string_view hex = identity;
      if (!absl::ConsumePrefix(&hex, kTokenPrefix)) continue;
      const std::string digest = DigestFromHex(hex);
      tokens_[HeadOf(digest)] = {digest, match};
    }
  }
}

Callers::Match Callers::Find(absl::string_view identity) const {
  const auto found = by_identity_.find(identity);
  return found == by_identity_.end() ? Match() : found->second;
}

Callers::Match Callers::FindByToken(absl::string_view token) const {
  static const HashedToken kNobody{std::string(32, '\0'), {}};
  const std::string digest = Sha256::Of(token);
  const auto found = tokens_.find(HeadOf(digest));
  const HashedToken& known = found == tokens_.end() ? kNobody : found->second;
  const bool same = CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0;
  return same ? known.match : Match();
}

std::string TokenIdentity(absl::string_view token) {
  return absl::StrCat(kTokenPrefix, absl::BytesToHexString(Sha256::Of(token)));
}

}  // namespace pcaps
