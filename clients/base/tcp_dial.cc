#include "clients/base/tcp_dial.h"

#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pcaps {
namespace {

using boost::asio::ip::tcp;

struct Resolved {
  boost::system::error_code error;
  tcp::resolver::results_type endpoints;
};

// The system's resolver cannot be given a time or be stopped: whoever gives up leaves it behind on
// its own thread.
std::future<Resolved> Resolve(const std::string& host, int port) {
  std::promise<Resolved> promise;
  std::future<Resolved> future = promise.get_future();
  std::thread([promise = std::move(promise), host, port]() mutable {
    boost::asio::io_context loop;
    tcp::resolver resolver(loop);
    Resolved resolution;
    resolution.endpoints = resolver.resolve(host, std::to_string(port), resolution.error);
    promise.set_value(std::move(resolution));
  }).detach();
  return future;
}

}  // namespace

TcpSocket::~TcpSocket() {
  if (fd_ >= 0) close(fd_);
}

int TcpSocket::Release() { return std::exchange(fd_, -1); }

absl::StatusOr<TcpSocket> DialTcp(const std::string& host, int port, absl::Duration timeout) {
  const bool is_ipv6 = absl::StrContains(host, ":");
  const std::string peer = absl::StrCat(is_ipv6 ? absl::StrCat("[", host, "]") : host, ":", port);
  const absl::Time deadline = absl::Now() + timeout;
  std::future<Resolved> resolving = Resolve(host, port);
  if (resolving.wait_for(absl::ToChronoNanoseconds(timeout)) != std::future_status::ready) {
    return absl::DeadlineExceededError(
        absl::StrCat("DNS gives no answer for ", host, " in ", absl::FormatDuration(timeout)));
  }
  const Resolved resolution = resolving.get();
  if (resolution.error) {
    return absl::NotFoundError(
        absl::StrCat("DNS knows no address of ", host, ": ", resolution.error.message()));
  }
  boost::asio::io_context loop(1);
  tcp::socket socket(loop);
  boost::system::error_code error;
  bool done = false;
  boost::asio::async_connect(socket, resolution.endpoints,
                             [&](const boost::system::error_code& result, const tcp::endpoint&) {
                               error = result;
                               done = true;
                             });
  loop.run_for(absl::ToChronoNanoseconds(deadline - absl::Now()));
  if (!done) {
    return absl::DeadlineExceededError(
        absl::StrCat(peer, " does not answer in ", absl::FormatDuration(timeout)));
  }
  if (error) return absl::UnavailableError(absl::StrCat(peer, ": ", error.message()));
  socket.native_non_blocking(false, error);
  return TcpSocket(socket.release(error));
}

}  // namespace pcaps
