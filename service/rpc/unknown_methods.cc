#include "service/rpc/unknown_methods.h"

#include "service/rpc/explained_bytes.h"

namespace pcaps {
namespace {

class Unimplemented final : public grpc::ServerGenericBidiReactor {
 public:
  Unimplemented() { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "")); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const DispatchedCall dispatched =
      door_.connections.Dispatch(context->peer(), MetadataBytes(*context));
  return new Unimplemented;
}

}  // namespace pcaps
