#include "service/rpc/connection_guard.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/rpc/connections/listen_sockets.h"

namespace pcaps {

ConnectionGuard::ConnectionGuard(ConnectionTable& table, Log& log, Clock& clock,
                                 ConnectionGuardOptions options)
    : table_(table), clock_(clock), options_(options), closed_(log, clock) {
  ConnectionWatchOptions watch;
  watch.flood_guard = options_.flood_guard;
  watch.floods.max_preface_bytes = options_.max_preface_bytes;
  watch.floods.count_streams = [this](const std::string& peer) {
    if (!census_.has_value()) census_.emplace();
    return census_->Count(peer);
  };
  watch_ = std::make_unique<ConnectionWatch>(table_, closed_, clock_, std::move(watch));
}

ConnectionGuard::~ConnectionGuard() = default;

absl::StatusOr<std::string> ConnectionGuard::Listen(const std::string& listen) {
  absl::StatusOr<ListenSockets> sockets = ListenOn(listen);
  if (!sockets.ok()) return sockets.status();
  const int port = sockets->port;
  Acceptor::Callbacks callbacks;
  callbacks.on_connection = [this](Descriptor socket, const PeerAddress& peer) {
    OnConnection(std::move(socket), peer);
  };
  callbacks.on_no_descriptor = [this](const PeerAddress& peer) {
    closed_.Count(CloseReason::kOverLimit, peer.name);
  };
  acceptor_ = std::make_unique<Acceptor>(*std::move(sockets), std::move(callbacks));
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port);
}

void ConnectionGuard::AddTo(grpc::ServerBuilder& builder,
                            const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  grpc_ = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, credentials);
}

void ConnectionGuard::Start() {
  watch_->Start();
  acceptor_->Start();
}

void ConnectionGuard::StopAccepting() { acceptor_->Stop(); }

void ConnectionGuard::OnConnection(Descriptor socket, const PeerAddress& peer) {
  const absl::Time now = clock_.Now();
  const auto connection =
      std::make_shared<Connection>(peer, socket, options_.max_concurrent_streams, now);
  if (!connection->duplicate.valid()) return closed_.Count(CloseReason::kOverLimit, peer.name);
  switch (table_.Add(connection, now)) {
    case ConnectionTable::Entry::kOverLimit:
      return closed_.Count(CloseReason::kOverLimit, peer.name);
    case ConnectionTable::Entry::kOverPeerLimit:
      return closed_.Count(CloseReason::kOverPeerLimit, peer.name);
    case ConnectionTable::Entry::kShutOut:
      return closed_.Count(CloseReason::kShutOut, peer.name);
    case ConnectionTable::Entry::kAdmitted:
      break;
  }
  if (!watch_->Add(connection)) {
    table_.Remove(connection);
    return closed_.Count(CloseReason::kOverLimit, peer.name);
  }
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.listener_fd = -1;
  parameters.fd = socket.Release();
  grpc_->HandleNewConnection(&parameters);
}

}  // namespace pcaps
