// OwnershipService: each RPC in three lines: check the request, ask the use case, answer.
#pragma once

#include <pcaps/v1/ownership.grpc.pb.h>

#include "service/gateway/ownerships.h"
#include "service/rpc/call.h"

namespace pcaps {

class OwnershipService final : public v1::OwnershipService::CallbackService {
 public:
  // Both referents outlive the service.
  OwnershipService(RpcEnv& env, Ownerships& ownerships) : env_(env), ownerships_(ownerships) {}

  grpc::ServerUnaryReactor* ListOwnerships(grpc::CallbackServerContext* context,
                                           const v1::ListOwnershipsRequest* request,
                                           v1::ListOwnershipsResponse* response) override;
  grpc::ServerUnaryReactor* CreateOwnership(grpc::CallbackServerContext* context,
                                            const v1::CreateOwnershipRequest* request,
                                            v1::Ownership* response) override;
  grpc::ServerUnaryReactor* ValidateOwnership(grpc::CallbackServerContext* context,
                                              const v1::ValidateOwnershipRequest* request,
                                              v1::Ownership* response) override;
  grpc::ServerUnaryReactor* DeleteOwnership(grpc::CallbackServerContext* context,
                                            const v1::DeleteOwnershipRequest* request,
                                            v1::DeleteOwnershipResponse* response) override;

 private:
  RpcMethod Method(RpcShape shape, CallAccess needs, absl::string_view name) const {
    return {env_.metrics, shape, needs, v1::OwnershipService::service_full_name(), name};
  }

  RpcEnv& env_;
  Ownerships& ownerships_;
  const RpcMethod list_ownerships_ = Method(RpcShape::kUnary, CallAccess::kRead, "ListOwnerships");
  const RpcMethod create_ownership_ =
      Method(RpcShape::kUnary, CallAccess::kWrite, "CreateOwnership");
  const RpcMethod validate_ownership_ =
      Method(RpcShape::kUnary, CallAccess::kWrite, "ValidateOwnership");
  const RpcMethod delete_ownership_ =
      Method(RpcShape::kUnary, CallAccess::kWrite, "DeleteOwnership");
};

}  // namespace pcaps
