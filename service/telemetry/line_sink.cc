#include "service/telemetry/line_sink.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace pcaps {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kPollMs = 100;

// Whether so much as a pipe takes at once can be written without waiting for its reader.
bool HasRoom(int fd) {
  pollfd room = {fd, POLLOUT, 0};
  return poll(&room, 1, kPollMs) > 0;
}

bool IsFile(int fd) {
  struct stat what = {};
  return fstat(fd, &what) == 0 && S_ISREG(what.st_mode);
}

}  // namespace

LineSink::LineSink(int fd, LostLine lost_line)
    : fd_(fd),
      at_once_(IsFile(fd) ? kMany : PIPE_BUF),
      lost_line_(std::move(lost_line)),
      writer_([this](const std::stop_token& stop) { Run(stop); }) {}

LineSink::~LineSink() {
  writer_.request_stop();
  writer_.join();
}

void LineSink::Add(absl::string_view line, Room room) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.size() >= (room == Room::kOwn ? kMostOwn : kMost)) {
    ++lost_;
    ++lost_in_all_;
    return;
  }
  Append(line);
  if (waiting_.size() >= kMany) WakeWriter();
}

void LineSink::Flush() {
  const std::lock_guard<std::mutex> lock(mutex_);
  WakeWriter();
}

void LineSink::Append(absl::string_view line) {
  waiting_.append(line.data(), line.size());
  waiting_ += '\n';
}

void LineSink::AppendLost() {
  if (lost_ == 0) return;
  Append(lost_line_(std::exchange(lost_, 0)));
}

void LineSink::WakeWriter() {
  if (!std::exchange(urgent_, true)) wake_.notify_one();
}

void LineSink::Run(const std::stop_token& stop) {
  std::string lines;
  bool last = false;
  while (!last) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_for(lock, stop, kPatience, [this] { return urgent_; });
      last = stop.stop_requested();
      urgent_ = false;
      AppendLost();
      std::swap(lines, waiting_);
    }
    Write(lines, stop);
    lines.clear();
  }
}

void LineSink::Write(const std::string& lines, const std::stop_token& stop) const {
  std::optional<SteadyClock::time_point> give_up;
  for (size_t written = 0; written < lines.size();) {
    if (!give_up.has_value() && stop.stop_requested()) {
      give_up = SteadyClock::now() + kPatienceAtEnd;
    }
    if (give_up.has_value() && SteadyClock::now() >= *give_up) return;
    if (!HasRoom(fd_)) continue;
    const size_t some = std::min(lines.size() - written, at_once_);
    const ssize_t taken = ::write(fd_, lines.data() + written, some);
    if (taken >= 0) written += static_cast<size_t>(taken);
    if (taken < 0 && errno != EINTR && errno != EAGAIN) return;  // There is nowhere to say so.
  }
}

}  // namespace pcaps
