#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/id.h"
#include "service/callers.h"
#include "service/small_file.h"
#include "service/yaml_section.h"

namespace pcaps {
namespace {

constexpr size_t kMaxBytes = 4 << 20;  // Some 20,000 callers.
constexpr size_t kMaxTotal = 1'000'000;
constexpr size_t kMaxName = 64;
constexpr size_t kDigestDigits = 64;
constexpr double kMaxCallerRate = 1e6;

enum class Permission { kNone, kRead, kWrite };

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-_./@", c);
}

bool IsHexDigit(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }

template <typename Predicate>
bool AllOf(absl::string_view text, size_t longest, Predicate predicate) {
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), predicate);
}

bool IsIdentity(absl::string_view identity) {
  if (absl::ConsumePrefix(&identity, "sha256:")) {
    return identity.size() == kDigestDigits && AllOf(identity, kDigestDigits, IsHexDigit);
  }
  return (absl::ConsumePrefix(&identity, "uri:") || absl::ConsumePrefix(&identity, "dns:")) &&
         !identity.empty();
}

// One file's callers, and what they must not share.
class Reader {
 public:
  void Read(YamlSection& item) {
    if (total_ > kMaxTotal) return;  // By aliases a small file can say much.
    Caller caller;
    item.Read("name", &caller.name);
    if (!AllOf(caller.name, kMaxName, IsNameCharacter)) {
      item.Fail("name", "must be 1 to 64 letters, digits, '-', '_', '.', '/' or '@'");
    } else if (!names_.insert(caller.name).second) {
      item.Fail("name", absl::StrCat("'", caller.name, "' is another caller's, too"));
    }
    ReadIdentities(item, caller);
    ReadAccounts(item, caller);
    Permission permission = Permission::kNone;
    item.Read<Permission>("permission", &permission,
                          {{"read", Permission::kRead}, {"write", Permission::kWrite}});
    if (permission == Permission::kNone) item.Fail("permission", "must be read or write");
    caller.may_write = permission == Permission::kWrite;
    item.Read("rate_limit", [&](YamlSection& rate) {
      rate.Read("requests_per_second", &caller.rate.requests_per_second, 0, kMaxCallerRate);
      rate.Read("burst", &caller.rate.burst, 1, kMaxCallerRate);
    });
    total_ += caller.identities.size() + caller.accounts.size();
    if (total_ > kMaxTotal) item.Fail("accounts", "are too many: 1,000,000 in all are the most");
    callers_.push_back(std::move(caller));
  }

  std::vector<Caller> Take() { return std::move(callers_); }

 private:
  // What is no identity may be a token put there by mistake: it is not repeated.
  void ReadIdentities(YamlSection& item, Caller& caller) {
    item.Read("identities", &caller.identities);
    if (caller.identities.empty()) item.Fail("identities", "must name at least one");
    int number = 0;
    for (std::string& identity : caller.identities) {
      ++number;
      if (!IsIdentity(identity)) {
        item.Fail(
            "identities",
            absl::StrCat("must be uri:..., dns:..., or sha256: and 64 hexadecimal digits (see "
                         "pcaps-gateway hash-token); number ",
                         number, " is not"));
        continue;
      }
      if (!absl::StartsWith(identity, "uri:")) absl::AsciiStrToLower(&identity);
      if (!identities_.insert(identity).second) {
        item.Fail("identities", absl::StrCat("'", identity, "' is another caller's, too"));
      }
    }
  }

  static void ReadAccounts(YamlSection& item, Caller& caller) {
    std::vector<std::string> accounts;
    item.Read("accounts", &accounts);
    if (accounts.empty()) item.Fail("accounts", "must name at least one, or \"*\" for all");
    for (const std::string& account : accounts) {
      if (account != "*" && !IsId(account)) {
        item.Fail("accounts", absl::StrCat("'", account,
                                           "' must be \"*\" or 1 to 32 characters of "
                                           "[0-9A-Za-z_-]"));
      }
      caller.accounts.insert(account);
    }
  }

  size_t total_ = 0;  // Accounts and identities.
  std::set<std::string> names_;
  std::set<std::string> identities_;
  std::vector<Caller> callers_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Callers>> ParseCallers(const std::string& yaml,
                                                            const std::string& source) {
  Reader reader;
  std::vector<std::string> errors;
  try {  // yaml-cpp throws; nothing of it leaves this function.
    YamlSection file(YAML::Load(yaml), "", errors);
    file.ReadEach("callers", [&](YamlSection& item) { reader.Read(item); });
    file.RejectUnknownKeys();
  } catch (const YAML::Exception& error) {
    errors.push_back(SyntaxError(error));
  }
  std::vector<Caller> callers = reader.Take();
  if (errors.empty() && callers.empty()) errors.emplace_back("callers must name at least one");
  if (errors.empty()) return std::make_shared<const Callers>(std::move(callers));
  return YamlErrors(source, errors);
}

absl::StatusOr<std::shared_ptr<const Callers>> ReadCallersFile(const std::string& path) {
  const std::string source = absl::StrCat("the callers file ", path);
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxBytes);
  if (text.ok()) return ParseCallers(*text, source);
  return absl::Status(text.status().code(),
                      absl::StrCat(source, " ", std::string(text.status().message())));
}

}  // namespace pcaps
