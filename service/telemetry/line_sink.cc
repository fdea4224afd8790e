#include "service/telemetry/line_sink.h"

#include <limits.h>
#include <poll.h>
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

}  // namespace

LineSink::LineSink(int fd, LostLine lost_line)
    : fd_(fd),
      lost_line_(std::move(lost_line)),
      writer_([this](const std::stop_token& stop) { Run(stop); }) {}

LineSink::~LineSink() {
  writer_.request_stop();
  writer_.join();
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
  if (waiting_.size() >= (message.level == kKept ? kMostKept : kMost)) {
    ++lost_;
    ++lost_in_all_;
    return;
  }
  Append(message);
  if (waiting_.size() >= kMany) flush_();
}

void LineSink::Append(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  waiting_.append(line.data(), line.size());
}

void LineSink::AppendLost() {
  if (lost_ == 0) return;
  const std::string line = lost_line_(std::exchange(lost_, 0));
  Append({"", spdlog::level::warn, spdlog::string_view_t(line.data(), line.size())});
}

void LineSink::flush_() {
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
    const size_t some = std::min<size_t>(lines.size() - written, PIPE_BUF);
    const ssize_t taken = ::write(fd_, lines.data() + written, some);
    if (taken >= 0) written += static_cast<size_t>(taken);
    if (taken < 0 && errno != EINTR && errno != EAGAIN) return;  // There is nowhere to say so.
  }
}

}  // namespace pcaps
