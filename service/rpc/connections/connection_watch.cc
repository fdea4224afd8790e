#include "service/rpc/connections/connection_watch.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "service/rpc/connections/socket_bytes.h"

namespace pcaps {
namespace {

// Looking around takes one core's 50th at most, but for the pauses that are the longest.
constexpr int kPausePerLook = 50;
// Within 10 ms a flood opens some 500 streams, each of which takes 14 KiB.
constexpr absl::Duration kMinPause = absl::Milliseconds(10);
constexpr absl::Duration kMinSuspiciousPause = absl::Milliseconds(2);
constexpr absl::Duration kMaxPause = absl::Milliseconds(50);
// A flood that comes back at once finds gRPC still busy with the streams of the one before. Honest
// clients behind the same proxy or NAT wait about as long before they connect again, too.
constexpr absl::Duration kShutOut = absl::Seconds(1);
// By then gRPC has given up the streams of a flood. Trimming takes 2 to 9 ms, in which allocations
// wait; without it each flood would leave some 20 MiB in another arena of malloc's.
constexpr absl::Duration kTrimDelay = absl::Milliseconds(250);
constexpr int kEvents = 256;  // Told of at once.

// gRPC reads an end, and closes its descriptor: then the peer gets a reset, and the kernel keeps
// nothing of the connection.
void Abort(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  shutdown(socket, SHUT_RDWR);
}

// What this thread has had of a processor: on a busy machine a look takes longer than it works.
absl::Duration ThreadTime() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return absl::DurationFromTimespec(spent);
}

int MillisecondsUntil(absl::Time until, absl::Time now) {
  const absl::Duration rest = std::max(until - now, absl::ZeroDuration());
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(rest, absl::Milliseconds(1))));
}

}  // namespace

ConnectionWatch::ConnectionWatch(ConnectionTable& table, ClosedConnections& closed, Clock& clock,
                                 ConnectionWatchOptions options)
    : table_(table),
      closed_(closed),
      clock_(clock),
      options_(std::move(options)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), &event);
}

void ConnectionWatch::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ConnectionWatch::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

bool ConnectionWatch::Add(const std::shared_ptr<Connection>& connection, int socket) {
  connection->duplicate.Reset(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!connection->duplicate.valid()) return false;
  // Input makes an event, which is told of later if the socket is still as asked for: gRPC will
  // have read the input by then, but written so much that nothing more fits it has hardly ever. The
  // end of a connection, EPOLLHUP, is told of in any case.
  const uint32_t events = options_.flood_guard ? EPOLLIN | EPOLLOUT : 0;
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = connection.get()}};
  const MutexLock lock(mutex_);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->duplicate.get(), &event) != 0) {
    return false;
  }
  watched_.emplace(connection.get(), connection);
  return true;
}

void ConnectionWatch::Run() {
  Connections due;  // Between rounds: those whose input gRPC may still be reading.
  while (!stopping_) {
    const absl::Time now = clock_.Now();
    // Others than this thread count, too: lines of theirs wait no longer than this.
    const absl::Time flush_at = closed_.Flush().value_or(now + ClosedConnections::kLogInterval);
    AwaitInput(due.empty() ? std::min(flush_at, trim_at_) : now, due);
    const absl::Duration begin = ThreadTime();
    suspicious_ = false;
    absl::erase_if(due, [this](const auto& connection) { return !Look(*connection); });
    if (clock_.Now() >= trim_at_) {
      malloc_trim(0);
      trim_at_ = absl::InfiniteFuture();
    }
    Pause(ThreadTime() - begin);
  }
}

void ConnectionWatch::Pause(absl::Duration spent) {
  if (stopping_) return;
  const absl::Duration least = suspicious_ ? kMinSuspiciousPause : kMinPause;
  const absl::Duration pause = std::clamp(spent * kPausePerLook, least, kMaxPause);
  pollfd stop{.fd = stop_.get(), .events = POLLIN, .revents = 0};
  poll(&stop, 1, static_cast<int>(absl::ToInt64Milliseconds(pause)));
}

void ConnectionWatch::AwaitInput(absl::Time until, Connections& due) {
  std::array<epoll_event, kEvents> events;
  int timeout_ms = MillisecondsUntil(until, clock_.Now());
  int count = 0;
  do {
    count = epoll_wait(epoll_.get(), events.data(), kEvents, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.ptr == nullptr) {
        stopping_ = true;
        continue;
      }
      std::shared_ptr<Connection> connection = Find(event.data.ptr);
      if ((event.events & EPOLLHUP) != 0) {
        due.erase(connection);
        Forget(connection);
      } else {
        due.insert(std::move(connection));
      }
    }
    timeout_ms = 0;
  } while (count == kEvents && !stopping_);
}

std::shared_ptr<Connection> ConnectionWatch::Find(const void* connection) {
  const MutexLock lock(mutex_);
  return watched_.at(connection);
}

void ConnectionWatch::Forget(const std::shared_ptr<Connection>& connection) {
  table_.Remove(connection);
  // As long as gRPC's descriptor is open, closing the duplicate would not take it out.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection->duplicate.get(), nullptr);
  connection->duplicate.Reset();
  const MutexLock lock(mutex_);
  watched_.erase(connection.get());
}

bool ConnectionWatch::Look(Connection& connection) {
  const SocketBytes bytes = BytesOf(connection.duplicate.get());
  const bool more = bytes.unread > 0 || bytes.received != connection.received;
  connection.received = bytes.received;
  if (!connection.rule.IsDue(bytes.received)) return more;
  const std::optional<StreamCounts> streams = options_.count_streams(connection.peer.name);
  const Traffic total = {bytes.received, bytes.sent, connection.explained.load(),
                         connection.calls.load()};
  switch (connection.rule.Judge(total, streams, clock_.Now())) {
    case FloodRule::Verdict::kHonest:
      return more;
    case FloodRule::Verdict::kSuspect:
      suspicious_ = true;
      return more;
    case FloodRule::Verdict::kFlood:
      Close(connection, bytes.received);
      return false;
  }
  return false;
}

void ConnectionWatch::Close(const Connection& connection, int64_t received) {
  const absl::Time now = clock_.Now();
  table_.ShutOut(connection.peer.host, now, now + kShutOut);
  Abort(connection.duplicate.get());
  closed_.Count(CloseReason::kFlood, connection.peer.name, received);
  trim_at_ = std::min(trim_at_, now + kTrimDelay);
}

}  // namespace pcaps
