#include "service/rpc/ownership_checks.h"

#include "service/rpc/violations.h"

namespace pcaps {
namespace {

constexpr size_t kMaxChallengeBytes = 4096;  // Known challenge files hold under 200.

}  // namespace

absl::Status CheckRequest(const v1::ListOwnershipsRequest& request) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  bad.CheckPage(request);
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::CreateOwnershipRequest& request) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  bad.CheckDestination("destination_conf", request.destination_conf());
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::ValidateOwnershipRequest& request) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  bad.CheckDestination("destination_conf", request.destination_conf());
  const size_t size = request.ownership_challenge().size();
  if (size == 0 || size > kMaxChallengeBytes) {
    bad.Add("ownership_challenge",
            "is required: what the challenge file holds, or its name; at most 4096 bytes");
  }
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::DeleteOwnershipRequest& request) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  bad.CheckId("ownership_id", request.ownership_id());
  return bad.ToStatus();
}

}  // namespace pcaps
