// HealthService: the gRPC health protocol, as a callback service of ours: the built-in one holds
// Server::Shutdown open.
#pragma once

#include <grpc/health/v1/health.grpc.pb.h>

#include <atomic>

#include "clients/base/event.h"
#include "service/gateway/stream_writer.h"
#include "service/rpc/call.h"

namespace pcaps {

class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  // `open`: anybody may ask; else whom the callers file knows. `env` outlives the service.
  HealthService(RpcEnv& env, bool open)
      : env_(env),
        open_(open),
        watch_(/*counting=*/nullptr, RpcShape::kServerStream,
               open ? CallAccess::kOpen : CallAccess::kKnown,
               grpc::health::v1::Health::service_full_name(), "Watch"),
        changed_(env.control) {}

  // Not serving from now on; watchers learn it. On the control loop.
  void StopServing();

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  Task<absl::Status> Follow(bool known_service,
                            StreamWriter<grpc::health::v1::HealthCheckResponse>& writer);

  RpcEnv& env_;
  const bool open_;
  const RpcMethod watch_;
  std::atomic<bool> serving_ = true;
  Event changed_;
};

}  // namespace pcaps
