// LineSink: lines to standard error, of which those that are not urgent are written together.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace pcaps {

// Thread-safe. A write for each line would cost a busy gateway more than all else that it does for
// a call; so lines wait until there are many, until one is flushed, or for `kPatience`.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LineSink();
  ~LineSink() override;

 private:
  static constexpr auto kPatience = std::chrono::milliseconds(100);
  static constexpr size_t kMany = 64 << 10;  // Bytes.

  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;

  std::string waiting_;
  std::mutex stop_mutex_;
  std::condition_variable_any stopped_;
  std::jthread flusher_;
};

}  // namespace pcaps
