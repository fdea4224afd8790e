// Ownerships: the story of each RPC of OwnershipService. Requests are checked before they come
// here. On the control loop.
#pragma once

#include <pcaps/v1/ownership.pb.h>

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/bucket_claims.h"

namespace pcaps {

class Ownerships {
 public:
  // Both referents outlive the use cases. `api` works on the control loop.
  Ownerships(PcapsApi& api, Clock& clock) : api_(api), clock_(clock) {}

  // Errors of all: as PcapsApi says. They return by their deadline, and CANCELLED when the caller
  // leaves; a POST once sent runs to its end all the same.
  Task<absl::StatusOr<v1::ListOwnershipsResponse>> List(v1::ListOwnershipsRequest request,
                                                        CallTerms terms);
  // These two send one POST at most. Where its answer is lost they look into the list for what came
  // of it, as far as the deadline allows; ABORTED/OWNERSHIP_OUTCOME_UNKNOWN where that does not
  // tell.
  Task<absl::StatusOr<v1::Ownership>> Create(v1::CreateOwnershipRequest request, CallTerms terms);
  Task<absl::StatusOr<v1::Ownership>> Validate(v1::ValidateOwnershipRequest request,
                                               CallTerms terms);
  Task<absl::StatusOr<v1::DeleteOwnershipResponse>> Delete(v1::DeleteOwnershipRequest request,
                                                           CallTerms terms);

 private:
  // A POST whose answer was lost.
  struct Lost {
    std::string account_id;
    absl::Time sent;
    absl::Status cause;
    absl::string_view advice;  // To the caller, where the outcome stays unknown.
  };
  // What came of it, by one look at the list. `since`: when it was sent, on the upstream's clock,
  // with some slack.
  using Judge = std::function<std::optional<v1::Ownership>(
      const std::vector<v1::Ownership>& ownerships, absl::Time since)>;

  Task<absl::StatusOr<v1::Ownership>> Reconcile(Lost lost, Judge judge, CallTerms terms);

  PcapsApi& api_;
  Clock& clock_;
  BucketClaims claims_;
};

}  // namespace pcaps
