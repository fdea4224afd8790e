// Call: one gRPC call in the making, and what became of it.
#pragma once

#include <grpcpp/client_context.h>

#include <functional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/gateway/call_options.h"
#include "clients/gateway/connection.h"

namespace pcaps {

// Used by one thread; the caller's stop token ends it from any other.
class Call {
 public:
  Call(const Connection& connection, const CallOptions& options, absl::Time deadline);

  grpc::ClientContext& context() { return context_; }

  // The call's end as a value of ours, with the request id the gateway gave it.
  absl::Status Outcome(const grpc::Status& status) const;

 private:
  std::stop_token stop_;
  grpc::ClientContext context_;
  std::stop_callback<std::function<void()>> on_stop_;
};

}  // namespace pcaps
