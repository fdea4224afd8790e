// CallerDirectory: who makes a call, and what he may do.
#pragma once

#include <grpcpp/server_context.h>

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/base/mutex.h"
#include "service/callers.h"

namespace pcaps {

// What a call asks for.
enum class CallAccess {
  kOpen,   // Nothing that is anybody's.
  kKnown,  // Only that its caller is known.
  kRead,   // To read of its account,
  kWrite,  // or to change something.
};

// How callers show who they are.
enum class CallerProof {
  kNone,         // Not at all: everybody may do everything.
  kCertificate,  // A client certificate, which TLS has verified.
  kToken,        // "authorization: Bearer <token>".
};

// A caller, as the directory knew him when he called.
class KnownCaller {
 public:
  KnownCaller(std::shared_ptr<const Callers> callers, Callers::Match match)
      : callers_(std::move(callers)), match_(match) {}

  const Caller& caller() const { return *match_.caller; }
  // What he was recognised by.
  const std::string& identity() const { return *match_.identity; }

 private:
  std::shared_ptr<const Callers> callers_;  // Keeps both.
  Callers::Match match_;
};

// Who calls where nobody needs to be known.
KnownCaller Stranger();

// Thread-safe.
class CallerDirectory {
 public:
  // `callers` may be null for kNone.
  CallerDirectory(CallerProof proof, std::shared_ptr<const Callers> callers);

  // From now on calls are judged by these.
  void Replace(std::shared_ptr<const Callers> callers) ABSL_LOCKS_EXCLUDED(mutex_);

  // UNAUTHENTICATED/CALLER_UNAUTHENTICATED says what is missing, and nothing of who is known.
  absl::StatusOr<KnownCaller> Identify(const grpc::ServerContextBase& context) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether who was let in before would be let in now: OK, or the error he would get.
  absl::Status Recheck(const KnownCaller& known, absl::string_view account_id,
                       CallAccess access) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::shared_ptr<const Callers> callers() const ABSL_LOCKS_EXCLUDED(mutex_);

  const CallerProof proof_;
  mutable Mutex mutex_;
  std::shared_ptr<const Callers> callers_ ABSL_GUARDED_BY(mutex_);
};

// PERMISSION_DENIED/ACCOUNT_NOT_ALLOWED: not this account, or not to write. The same words for an
// account that exists and one that does not.
absl::Status CheckAccess(const Caller& caller, absl::string_view account_id, CallAccess access);

}  // namespace pcaps
