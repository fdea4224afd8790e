#include "service/telemetry/line_sink.h"

#include <limits.h>
#include <poll.h>
#include <spdlog/pattern_formatter.h>
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

int64_t NextNumber() {
  static std::atomic<int64_t> last = 0;
  return ++last;
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
      formatter_(std::make_unique<spdlog::pattern_formatter>()),
      formatter_number_(NextNumber()),
      writer_([this](const std::stop_token& stop) { Run(stop); }) {}

LineSink::~LineSink() {
  writer_.request_stop();
  writer_.join();
}

void LineSink::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void LineSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  formatter_ = std::move(formatter);
  formatter_number_ = NextNumber();
}

void LineSink::log(const spdlog::details::log_msg& message) {
  const spdlog::memory_buf_t line = Formatted(message);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.size() >= (message.level == kKept ? kMostKept : kMost)) {
    ++lost_;
    ++lost_in_all_;
    return;
  }
  waiting_.append(line.data(), line.size());
  if (waiting_.size() >= kMany) WakeWriter();
}

void LineSink::flush() {
  const std::lock_guard<std::mutex> lock(mutex_);
  WakeWriter();
}

spdlog::memory_buf_t LineSink::Formatted(const spdlog::details::log_msg& message) const {
  thread_local int64_t number = 0;
  thread_local std::unique_ptr<spdlog::formatter> copy;
  if (std::exchange(number, formatter_number_) != formatter_number_) copy = formatter_->clone();
  spdlog::memory_buf_t line;
  copy->format(message, line);
  return line;
}

void LineSink::AppendLost() {
  if (lost_ == 0) return;
  const std::string line = lost_line_(std::exchange(lost_, 0));
  const spdlog::memory_buf_t formatted =
      Formatted({"", spdlog::level::warn, spdlog::string_view_t(line.data(), line.size())});
  waiting_.append(formatted.data(), formatted.size());
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
