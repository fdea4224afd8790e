#include "service/admin/admin_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/clock.h"
#include "service/rpc/connections/listen_sockets.h"

namespace pcaps {
namespace {

using boost::asio::ip::tcp;

constexpr auto kAdminValues = boost::asio::as_tuple(boost::asio::use_awaitable);
// After which accepting is tried again where the process has no descriptor left.
constexpr absl::Duration kNoRoomPause = absl::Milliseconds(100);

// The family of a socket that listens.
tcp FamilyOf(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

}  // namespace

struct AdminServer::Serving {
  Serving(Loop on, AdminPages pages, const AdminOptions& limits)
      : loop(std::move(on)),
        options(limits),
        site(std::make_shared<AdminSite>(std::move(pages), limits.page_timeout)) {}

  const Loop loop;
  const AdminOptions options;
  const std::shared_ptr<AdminSite> site;
  SystemClock clock;
  std::vector<tcp::acceptor> acceptors;
  std::set<std::shared_ptr<AdminConnection>> connections;
  std::atomic<int64_t> closed_over_limit{0};
};

AdminServer::AdminServer(Loop loop, AdminPages pages, const AdminOptions& options)
    : serving_(std::make_shared<Serving>(std::move(loop), std::move(pages), options)) {}

absl::StatusOr<std::string> AdminServer::Start(const std::string& listen) {
  absl::StatusOr<ListenSockets> listening = ListenOn(listen, "admin_listen");
  if (!listening.ok()) return listening.status();
  for (Descriptor& socket : listening->sockets) {
    const tcp family = FamilyOf(socket);
    boost::system::error_code error;
    serving_->acceptors.emplace_back(serving_->loop).assign(family, socket.get(), error);
    if (error) return absl::UnavailableError(absl::StrCat(listen, ": ", error.message()));
    socket.Release();
  }
  for (size_t i = 0; i < serving_->acceptors.size(); ++i) {
    SpawnDetached(serving_->loop, Accept(serving_, i));
  }
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", listening->port);
}

void AdminServer::Stop() {
  boost::asio::post(serving_->loop, [serving = serving_] {
    boost::system::error_code ignored;
    for (tcp::acceptor& acceptor : serving->acceptors) acceptor.close(ignored);
    for (const auto& connection : serving->connections) connection->Close();
    serving->connections.clear();
  });
}

int64_t AdminServer::closed_over_limit() const { return serving_->closed_over_limit; }

Task<void> AdminServer::Accept(std::shared_ptr<Serving> serving, size_t acceptor) {
  while (true) {
    auto [error, socket] = co_await serving->acceptors[acceptor].async_accept(kAdminValues);
    if (!serving->acceptors[acceptor].is_open()) co_return;
    if (error) {
      co_await serving->clock.Sleep(kNoRoomPause);
    } else {
      Take(serving, std::move(socket));
    }
  }
}

void AdminServer::Take(const std::shared_ptr<Serving>& serving, tcp::socket socket) {
  auto& connections = serving->connections;
  if (connections.size() >= serving->options.max_connections) {
    ++serving->closed_over_limit;
    const auto idlest = std::min_element(
        connections.begin(), connections.end(),
        [](const auto& a, const auto& b) { return a->waits_since() < b->waits_since(); });
    const bool all_served =
        (*idlest)->waits_since() == std::chrono::steady_clock::time_point::max();
    if (all_served) return;  // The newcomer is closed, with `socket`.
    (*idlest)->Close();
    connections.erase(idlest);
  }
  auto connection =
      std::make_shared<AdminConnection>(std::move(socket), serving->site, serving->options.times);
  connections.insert(connection);
  SpawnDetached(serving->loop, Serve(serving, std::move(connection)));
}

Task<void> AdminServer::Serve(std::shared_ptr<Serving> serving,
                              std::shared_ptr<AdminConnection> connection) {
  co_await connection->Serve();
  serving->connections.erase(connection);
}

}  // namespace pcaps
