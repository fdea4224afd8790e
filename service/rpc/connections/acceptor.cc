#include "service/rpc/connections/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace pcaps {
namespace {

// After which accepting is tried again where the system has no room; the sockets stay readable
// meanwhile.
constexpr int kNoRoomPauseMs = 100;

Descriptor Spare() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool IsReadable(int fd, int timeout_ms) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, timeout_ms) > 0;
}

// What is wrong with one connection, and not with accepting.
bool IsOfOneConnection(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
         error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
         error == EOPNOTSUPP || error == ENETUNREACH || error == EPERM;
}

}  // namespace

Acceptor::Acceptor(ListenSockets sockets, Callbacks callbacks)
    : sockets_(std::move(sockets)),
      callbacks_(std::move(callbacks)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      spare_(Spare()) {}

void Acceptor::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  sockets_.sockets.clear();
}

void Acceptor::Run() {
  std::vector<pollfd> waiting = {{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
  for (const Descriptor& socket : sockets_.sockets) {
    waiting.push_back({.fd = socket.get(), .events = POLLIN, .revents = 0});
  }
  bool stopping = false;
  while (!stopping) {
    if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
    stopping = waiting[0].revents != 0;
    for (size_t i = 1; i < waiting.size(); ++i) AcceptAll(waiting[i].fd);
  }
}

void Acceptor::AcceptAll(int listening) {
  while (true) {
    Descriptor socket(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.valid()) {
      Hand(std::move(socket));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE) {
      if (!CloseOne(listening)) return;
    } else if (!IsOfOneConnection(errno)) {
      IsReadable(stop_.get(), kNoRoomPauseMs);
      return;
    }
  }
}

void Acceptor::Hand(Descriptor socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  std::optional<PeerAddress> peer = PeerOf(address);
  size = sizeof(address);
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  const std::optional<PeerAddress> local = PeerOf(address);
  if (!peer.has_value() || !local.has_value()) return;
  peer->to = local->name;
  callbacks_.on_connection(std::move(socket), *peer);
}

// Who waits would wait for ever, and accepting spin. False where nothing could be closed.
bool Acceptor::CloseOne(int listening) {
  spare_.Reset();
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  Descriptor socket(accept4(listening, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC));
  const bool closed = socket.valid();
  socket.Reset();
  spare_ = Spare();
  if (!closed) {
    IsReadable(stop_.get(), kNoRoomPauseMs);
    return false;
  }
  const std::optional<PeerAddress> peer = PeerOf(address);
  if (peer.has_value()) callbacks_.on_no_descriptor(*peer);
  return true;
}

}  // namespace pcaps
