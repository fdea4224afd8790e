// RpcServer: the gRPC port: its services, its limits, its end.
#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/rpc/call.h"
#include "service/rpc/connection_guard.h"
#include "service/rpc/health_service.h"
#include "service/rpc/ownership_service.h"
#include "service/rpc/pcaps_service.h"
#include "service/rpc/server_limits.h"
#include "service/rpc/server_tls.h"
#include "service/rpc/unknown_methods.h"

namespace pcaps {

struct RpcServerOptions {
  std::string listen = "127.0.0.1:50051";
  bool reflection = false;
  bool open_health = true;              // Health may be asked by anybody.
  std::shared_ptr<const TlsFiles> tls;  // Null: plain text.
  ServerTls::ClientCertificate clients = ServerTls::ClientCertificate::kIgnored;
  RequestBounds bounds;
  ServerLimits limits;
  bool flood_guard = true;
};

class RpcServer {
 public:
  // All referents outlive the server.
  RpcServer(RpcEnv& env, Gateway& gateway, Ownerships& ownerships, RpcServerOptions options);
  ~RpcServer();

  // Serves from now on. Returns "host:port" with the port in use. UNAVAILABLE where it cannot be
  // had.
  absl::StatusOr<std::string> Start();

  // For connections from now on. Any thread. Not null; only where the options have some.
  void ReplaceTls(std::shared_ptr<const TlsFiles> files) { tls_->Replace(std::move(files)); }

  // In force; null without TLS. Any thread.
  std::shared_ptr<const TlsFiles> tls_files() const {
    return tls_ == nullptr ? nullptr : tls_->files();
  }

  const ClosedConnections& closed_connections() const { return guard_.closed(); }

  // Tells health checkers that we are leaving. On the control loop.
  void StopServing() { health_.StopServing(); }

  // Ends every call: tells clients to go elsewhere, ends what waits in a queue and streams with
  // DRAINING, the streams one by one over half of `timeout`, waits for unary calls, cancels what is
  // left after `timeout`. Blocks its thread, which is no loop's.
  void Drain(absl::Duration timeout, const std::function<double()>& uniform);

 private:
  RpcEnv& env_;
  Gateway& gateway_;
  const RpcServerOptions options_;
  PcapsService pcaps_;
  OwnershipService ownership_;
  HealthService health_;
  UnknownMethods unknown_;
  ConnectionGuard guard_;
  const std::shared_ptr<ServerTls> tls_;  // Null: plain text.
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace pcaps
