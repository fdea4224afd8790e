// ConnectionGuard: the gateway's own door before gRPC: accepts connections, as many as there may
// be, and hands each to gRPC; closes those that flood.
//
// This gRPC does not defend itself: streams that are opened and reset never reach a handler, and
// take it to 1 GB within seconds.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/base/clock.h"
#include "service/rpc/connections/acceptor.h"
#include "service/rpc/connections/closed_connections.h"
#include "service/rpc/connections/connection_table.h"
#include "service/rpc/connections/connection_watch.h"
#include "service/rpc/stream_census.h"
#include "service/telemetry/log.h"

namespace pcaps {

struct ConnectionGuardOptions {
  int max_concurrent_streams = 1000;  // That gRPC lets a connection have.
  int64_t max_preface_bytes = 256;    // See FloodGuardOptions.
  bool flood_guard = true;            // Without it connections are counted and limited only.
};

class ConnectionGuard {
 public:
  // All outlive it.
  ConnectionGuard(ConnectionTable& table, Log& log, Clock& clock, ConnectionGuardOptions options);
  ~ConnectionGuard();

  // First. Connections wait in the sockets from now on. Returns "host:port" with the port in use;
  // errors as ListenOn().
  absl::StatusOr<std::string> Listen(const std::string& listen);
  // Second. The server that is built will get the connections, each with these credentials.
  void AddTo(grpc::ServerBuilder& builder,
             const std::shared_ptr<grpc::ServerCredentials>& credentials);
  // Third, when the server has started.
  void Start();
  // Before the server shuts down: a descriptor it is given later would stay open for ever.
  void StopAccepting();

  const ClosedConnections& closed() const { return closed_; }

 private:
  void OnConnection(Descriptor socket, const PeerAddress& peer);

  ConnectionTable& table_;
  Clock& clock_;
  const ConnectionGuardOptions options_;
  ClosedConnections closed_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_;
  std::optional<StreamCensus> census_;  // The watch's thread alone.
  std::unique_ptr<ConnectionWatch> watch_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace pcaps
