#include "service/telemetry/line_sink.h"

#include <unistd.h>

#include <cerrno>

namespace pcaps {

LineSink::LineSink()
    : flusher_([this](const std::stop_token& stop) {
        std::unique_lock<std::mutex> lock(stop_mutex_);
        while (!stop.stop_requested()) {
          stopped_.wait_for(lock, stop, kPatience, [] { return false; });
          flush();
        }
      }) {}

LineSink::~LineSink() {
  flusher_.request_stop();
  flusher_.join();
  flush_();
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  waiting_.append(line.data(), line.size());
  if (waiting_.size() >= kMany) flush_();
}

void LineSink::flush_() {
  const char* rest = waiting_.data();
  size_t left = waiting_.size();
  while (left > 0) {
    const ssize_t written = ::write(STDERR_FILENO, rest, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;  // There is nowhere to say so.
    rest += written;
    left -= static_cast<size_t>(written);
  }
  waiting_.clear();
}

}  // namespace pcaps
