#include "clients/base/resolve.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/mutex.h"

namespace pcaps {
namespace {

using boost::asio::ip::tcp;
using Endpoints = absl::StatusOr<std::vector<tcp::endpoint>>;

struct Resolution {
  Mutex mutex;
  std::optional<Endpoints> result ABSL_GUARDED_BY(mutex);
};

Endpoints ResolveBlocking(const std::string& host, int port) {
  boost::asio::io_context loop;
  tcp::resolver resolver(loop);
  boost::system::error_code error;
  const auto found = resolver.resolve(host, std::to_string(port), error);
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("DNS knows no address of ", host, ": ", error.message()));
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  return endpoints;
}

}  // namespace

Task<Endpoints> ResolveName(std::string host, int port) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (!error) {
    co_return std::vector<tcp::endpoint>{{address, static_cast<unsigned short>(port)}};
  }
  // Closing its end wakes us, and touches no loop, which may be gone by then.
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) co_return absl::ResourceExhaustedError("no descriptors");
  const Loop loop = co_await boost::asio::this_coro::executor;
  boost::asio::posix::stream_descriptor done(loop, ends[0]);
  const auto resolution = std::make_shared<Resolution>();
  std::thread([resolution, host, port, end = ends[1]] {
    Endpoints endpoints = ResolveBlocking(host, port);
    {
      const MutexLock lock(resolution->mutex);
      resolution->result = std::move(endpoints);
    }
    close(end);
  }).detach();
  co_await done.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           boost::asio::as_tuple(boost::asio::use_awaitable));
  const MutexLock lock(resolution->mutex);
  if (!resolution->result.has_value()) co_return absl::CancelledError("the caller left");
  co_return *std::move(resolution->result);
}

}  // namespace pcaps
