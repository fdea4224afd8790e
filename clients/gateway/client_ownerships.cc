// GatewayClient's calls about bucket ownership.
#include "clients/gateway/call.h"
#include "clients/gateway/client.h"
#include "clients/gateway/pages.h"

namespace pcaps {

absl::StatusOr<std::vector<v1::Ownership>> GatewayClient::ListOwnerships(
    const std::string& account_id, const CallOptions& options) const {
  v1::ListOwnershipsRequest all;
  all.set_account_id(account_id);
  const auto fetch = [&](const v1::ListOwnershipsRequest& request) {
    Call call(connection_, options, UnaryDeadline(options));
    v1::ListOwnershipsResponse page;
    const absl::Status status =
        call.Outcome(connection_.ownership_stub->ListOwnerships(&call.context(), request, &page));
    return status.ok() ? absl::StatusOr<v1::ListOwnershipsResponse>(std::move(page)) : status;
  };
  return internal::ReadAllPages<v1::Ownership>(
      all, fetch, [](auto& page) -> auto& { return *page.mutable_ownerships(); });
}

absl::StatusOr<v1::Ownership> GatewayClient::CreateOwnership(
    const v1::CreateOwnershipRequest& request, const CallOptions& options) const {
  Call call(connection_, options, UnaryDeadline(options));
  v1::Ownership ownership;
  const absl::Status status = call.Outcome(
      connection_.ownership_stub->CreateOwnership(&call.context(), request, &ownership));
  if (!status.ok()) return status;
  return ownership;
}

absl::StatusOr<v1::Ownership> GatewayClient::ValidateOwnership(
    const v1::ValidateOwnershipRequest& request, const CallOptions& options) const {
  Call call(connection_, options, UnaryDeadline(options));
  v1::Ownership ownership;
  const absl::Status status = call.Outcome(
      connection_.ownership_stub->ValidateOwnership(&call.context(), request, &ownership));
  if (!status.ok()) return status;
  return ownership;
}

absl::Status GatewayClient::DeleteOwnership(const v1::DeleteOwnershipRequest& request,
                                            const CallOptions& options) const {
  Call call(connection_, options, UnaryDeadline(options));
  v1::DeleteOwnershipResponse response;
  return call.Outcome(
      connection_.ownership_stub->DeleteOwnership(&call.context(), request, &response));
}

}  // namespace pcaps
