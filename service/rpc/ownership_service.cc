#include "service/rpc/ownership_service.h"

#include <utility>

#include "service/rpc/ownership_checks.h"
#include "service/rpc/unary_call.h"

namespace pcaps {

grpc::ServerUnaryReactor* OwnershipService::ListOwnerships(grpc::CallbackServerContext* context,
                                                           const v1::ListOwnershipsRequest* request,
                                                           v1::ListOwnershipsResponse* response) {
  auto call = MakeCall(env_, context, list_ownerships_, *request);
  call->Enter(CheckRequest(*request));
  auto handler = [this, request = *request, terms = call->terms()] {
    return ownerships_.List(request, terms);
  };
  return UnaryCall<v1::ListOwnershipsResponse>::Start(std::move(call), response,
                                                      std::move(handler));
}

grpc::ServerUnaryReactor* OwnershipService::CreateOwnership(
    grpc::CallbackServerContext* context, const v1::CreateOwnershipRequest* request,
    v1::Ownership* response) {
  auto call = MakeCall(env_, context, create_ownership_, *request);
  call->Enter(CheckRequest(*request));
  auto handler = [this, request = *request, terms = call->terms()] {
    return ownerships_.Create(request, terms);
  };
  return UnaryCall<v1::Ownership>::Start(std::move(call), response, std::move(handler));
}

grpc::ServerUnaryReactor* OwnershipService::ValidateOwnership(
    grpc::CallbackServerContext* context, const v1::ValidateOwnershipRequest* request,
    v1::Ownership* response) {
  auto call = MakeCall(env_, context, validate_ownership_, *request);
  call->Enter(CheckRequest(*request));
  auto handler = [this, request = *request, terms = call->terms()] {
    return ownerships_.Validate(request, terms);
  };
  return UnaryCall<v1::Ownership>::Start(std::move(call), response, std::move(handler));
}

grpc::ServerUnaryReactor* OwnershipService::DeleteOwnership(
    grpc::CallbackServerContext* context, const v1::DeleteOwnershipRequest* request,
    v1::DeleteOwnershipResponse* response) {
  auto call = MakeCall(env_, context, delete_ownership_, *request);
  call->Enter(CheckRequest(*request));
  auto handler = [this, request = *request, terms = call->terms()] {
    return ownerships_.Delete(request, terms);
  };
  return UnaryCall<v1::DeleteOwnershipResponse>::Start(std::move(call), response,
                                                       std::move(handler));
}

}  // namespace pcaps
