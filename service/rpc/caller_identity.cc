#include "service/rpc/caller_identity.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

constexpr char kAuthorizationKey[] = "authorization";
constexpr absl::string_view kBearer = "bearer ";

constexpr absl::string_view kStranger = "";

// Where nobody is identified.
const std::shared_ptr<const Callers>& Anybody() {
  static const auto kAnybody = std::make_shared<const Callers>(std::vector<Caller>{
      {.identities = {std::string(kStranger)}, .accounts = {"*"}, .may_write = true}});
  return kAnybody;
}

absl::Status Unauthenticated(absl::string_view why) {
  return MakeError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CALLER_UNAUTHENTICATED,
                   why);
}

absl::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

// The one bearer token; empty where there is none, or more than one.
absl::string_view TokenOf(const grpc::ServerContextBase& context) {
  const auto [first, last] = context.client_metadata().equal_range(kAuthorizationKey);
  if (first == last || std::next(first) != last) return {};
  absl::string_view value = View(first->second);
  if (!absl::StartsWithIgnoreCase(value, kBearer)) return {};
  value.remove_prefix(kBearer.size());
  return value;
}

absl::StatusOr<Callers::Match> FindByToken(const Callers& callers,
                                           const grpc::ServerContextBase& context) {
  const absl::string_view token = TokenOf(context);
  if (token.empty()) {
    return Unauthenticated(
        "the call bears no token, or several: send one \"authorization: Bearer <token>\"");
  }
  const Callers::Match match = callers.FindByToken(token);
  if (match.caller == nullptr) return Unauthenticated("the token is nobody's");
  return match;
}

// As a callers file has it: DNS names have no case.
std::string IdentityOf(absl::string_view prefix, const grpc::string_ref& name) {
  std::string identity = absl::StrCat(prefix, View(name));
  if (prefix == "dns:") absl::AsciiStrToLower(&identity);
  return identity;
}

// TLS has verified the certificate, or there is none. One that names several callers is nobody's:
// which of them calls cannot be told.
absl::StatusOr<Callers::Match> FindByCertificate(const Callers& callers,
                                                 const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) {
    return Unauthenticated("the connection has no client certificate");
  }
  Callers::Match found;
  for (const auto& [property, prefix] :
       {std::pair{GRPC_PEER_URI_PROPERTY_NAME, "uri:"}, {GRPC_PEER_DNS_PROPERTY_NAME, "dns:"}}) {
    for (const grpc::string_ref& name : peer->FindPropertyValues(property)) {
      const Callers::Match match = callers.Find(IdentityOf(prefix, name));
      if (match.caller == nullptr) continue;
      if (found.caller != nullptr && found.caller != match.caller) {
        return Unauthenticated("the client certificate names several callers");
      }
      found = match;
    }
  }
  if (found.caller != nullptr) return found;
  return Unauthenticated("no URI or DNS name of the client certificate is anybody's");
}

}  // namespace

KnownCaller Stranger() { return {Anybody(), Anybody()->Find(kStranger)}; }

CallerDirectory::CallerDirectory(CallerProof proof, std::shared_ptr<const Callers> callers)
    : proof_(proof), callers_(std::move(callers)) {
  if (proof == CallerProof::kNone) callers_ = Anybody();
}

void CallerDirectory::Replace(std::shared_ptr<const Callers> callers) {
  const MutexLock lock(mutex_);
  callers_.swap(callers);
}

std::shared_ptr<const Callers> CallerDirectory::callers() const {
  const MutexLock lock(mutex_);
  return callers_;
}

absl::StatusOr<KnownCaller> CallerDirectory::Identify(
    const grpc::ServerContextBase& context) const {
  std::shared_ptr<const Callers> callers = this->callers();
  if (proof_ == CallerProof::kNone) return Stranger();
  absl::StatusOr<Callers::Match> match = Callers::Match();
  if (proof_ == CallerProof::kToken) match = FindByToken(*callers, context);
  if (proof_ == CallerProof::kCertificate) match = FindByCertificate(*callers, context);
  if (!match.ok()) return match.status();
  return KnownCaller(std::move(callers), *match);
}

absl::Status CallerDirectory::Recheck(const KnownCaller& known, absl::string_view account_id,
                                      CallAccess access) const {
  const std::shared_ptr<const Callers> callers = this->callers();
  const Callers::Match now = callers->Find(known.identity());
  if (now.caller == nullptr) return Unauthenticated("the caller is known no more");
  return CheckAccess(*now.caller, account_id, access);
}

absl::Status CheckAccess(const Caller& caller, absl::string_view account_id, CallAccess access) {
  if (access == CallAccess::kOpen || access == CallAccess::kKnown) return absl::OkStatus();
  if (!caller.MayUse(account_id)) {
    return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_ACCOUNT_NOT_ALLOWED,
                     "the caller may not use this account");
  }
  if (access == CallAccess::kRead || caller.may_write) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_ACCOUNT_NOT_ALLOWED,
                   "the caller may only read: its permission is not write");
}

}  // namespace pcaps
