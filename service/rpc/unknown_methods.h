// UnknownMethods: answers calls of methods that there are not with UNIMPLEMENTED, as gRPC would,
// and tells the door that they were calls: whoever asks for reflection, or for what a newer gateway
// has, floods nobody.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include "service/rpc/door.h"

namespace pcaps {

class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  // `door` outlives the service.
  explicit UnknownMethods(Door& door) : door_(door) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  Door& door_;
};

}  // namespace pcaps
