// Files of callers: who is recognised is allowed something, and by what the file says. Input: YAML.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "service/callers.h"
#include "tests/fuzz/property.h"
#include "tests/fuzz/yaml_errors.h"

namespace pcaps {
namespace {

constexpr char kToken[] = "Planted0Token";  // Its identity is in some of the corpus.

void CheckCaller(const Caller& caller) {
  Require(IsOneLine(caller.name) && caller.name.size() <= 64 &&
              caller.name.find_first_of(" :%") == std::string::npos,
          "a caller's name is a word", caller.name);
  Require(!caller.name.empty() && !caller.identities.empty() && !caller.accounts.empty(),
          "a caller can call");
  for (const std::string& account : caller.accounts) {
    Require(account == "*" || IsSafeInPath(account), "an account is one", account);
  }
  Require(caller.rate.requests_per_second >= 0 && caller.rate.requests_per_second <= 1e6 &&
              caller.rate.burst >= 1 && caller.rate.burst <= 1e6,
          "a rate is in its range");
}

void CheckMatch(const Callers::Match& match, absl::string_view shown) {
  Require((match.caller == nullptr) == (match.identity == nullptr), "a match is whole", shown);
  if (match.caller == nullptr) return;
  CheckCaller(*match.caller);
  const std::vector<std::string>& identities = match.caller->identities;
  Require(std::find(identities.begin(), identities.end(), *match.identity) != identities.end(),
          "a caller is recognised by an identity of his", *match.identity);
  Require(*match.identity == shown, "a caller is recognised by what he shows", *match.identity);
}

// All that may be an identity in the text.
void CheckIdentities(const Callers& callers, absl::string_view yaml) {
  for (const absl::string_view word : absl::StrSplit(yaml, absl::ByAnyChar(" \t\r\n\"',[]{}"))) {
    CheckMatch(callers.Find(word), word);
    CheckMatch(callers.FindByToken(word), TokenIdentity(word));
  }
  CheckMatch(callers.Find(""), "");
  CheckMatch(callers.FindByToken(kToken), TokenIdentity(kToken));
}

void Feed(const std::string& yaml) {
  const absl::StatusOr<std::shared_ptr<const Callers>> callers = ParseCallers(yaml, "file");
  if (!callers.ok()) return CheckYamlErrors(callers.status().message(), yaml);
  CheckIdentities(**callers, yaml);
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pcaps::Feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
