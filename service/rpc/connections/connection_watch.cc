#include "service/rpc/connections/connection_watch.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace pcaps {
namespace {

// Looking around takes one core's 50th at most, but for the pauses that are the longest; a fifth
// where something looks like a flood.
constexpr int kPausePerLook = 50;
constexpr int kPausePerSuspiciousLook = 4;
// Within 10 ms a flood opens some 500 streams, each of which takes 14 KiB.
constexpr absl::Duration kMinPause = absl::Milliseconds(10);
constexpr absl::Duration kMinSuspiciousPause = absl::Milliseconds(2);
constexpr absl::Duration kMaxPause = absl::Milliseconds(50);
// A round begins at least so often, or it could not be told from a stall.
constexpr absl::Duration kMaxWait = absl::Milliseconds(100);
// Beside their own work rounds are a fraction of this apart, unless the process was held up.
constexpr absl::Duration kLate = absl::Milliseconds(400);
// gRPC closes its descriptor within milliseconds, unless a call goes on or it is busy.
constexpr absl::Duration kReleaseTime = absl::Milliseconds(200);
constexpr int kEvents = 256;  // Told of at once.

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
      sees_input_(options.flood_guard),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      guard_(table, closed, clock, std::move(options.floods)) {
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

bool ConnectionWatch::Add(const std::shared_ptr<Connection>& connection) {
  // Input makes an event, which is told of later if the socket is still as asked for: gRPC will
  // have read the input by then, but written so much that nothing more fits it has hardly ever. The
  // end of a connection, EPOLLHUP, is told of in any case.
  const uint32_t events = sees_input_ ? EPOLLIN | EPOLLOUT : 0;
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
    const bool idle = due.empty() && ended_.empty();
    AwaitInput(idle ? std::min({flush_at, guard_.next_round(), now + kMaxWait}) : now, due);
    NoticeLateness();
    const absl::Duration spent = ThreadTime();
    guard_.BeginRound();
    absl::erase_if(due, [this](const auto& connection) { return !guard_.Look(connection); });
    guard_.FinishRound();
    ForgetReleased();
    Pause(ThreadTime() - spent);
  }
}

void ConnectionWatch::NoticeLateness() {
  const absl::Time now = clock_.Now();
  const absl::Duration own = ThreadTime();
  const bool late = (now - last_round_) - (own - last_own_) > kLate;
  last_round_ = now;
  last_own_ = own;
  if (late && sees_input_) ExcuseAll();
}

void ConnectionWatch::Pause(absl::Duration spent) {
  if (stopping_) return;
  const absl::Duration pause =
      guard_.is_suspicious()
          ? std::clamp(spent * kPausePerSuspiciousLook, kMinSuspiciousPause, kMaxPause)
          : std::clamp(spent * kPausePerLook, kMinPause, kMaxPause);
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
        End(connection);
      } else if (sees_input_) {
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

void ConnectionWatch::End(const std::shared_ptr<Connection>& connection) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection->duplicate.get(), nullptr);
  const bool counts = sees_input_ && guard_.End(connection);
  if (counts) table_.AddUnreleased(connection->peer.host);
  table_.Remove(connection);
  ended_.push_back({connection, clock_.Now(), counts});
  const MutexLock lock(mutex_);
  watched_.erase(connection.get());
}

void ConnectionWatch::ForgetReleased() {
  const absl::Time late = clock_.Now() - kReleaseTime;
  std::erase_if(ended_, [this, late](Ended& ended) {
    if (!ended.connection->served.IsReleased()) {
      if (!ended.counts && ended.at < late) {
        table_.AddUnreleased(ended.connection->peer.host);
        ended.counts = true;
      }
      return false;
    }
    ended.connection->duplicate.Reset();
    if (ended.counts) table_.RemoveUnreleased(ended.connection->peer.host);
    return true;
  });
}

void ConnectionWatch::ExcuseAll() {
  guard_.BeginExcuse();
  const MutexLock lock(mutex_);
  for (const auto& [key, connection] : watched_) guard_.Excuse(*connection);
}

}  // namespace pcaps
