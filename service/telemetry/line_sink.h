// LineSink: lines to standard error or another file, written by a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"

namespace pcaps {

// Thread-safe. A write for each line would cost a busy gateway more than all else that it does for
// a call; so lines wait until there are many, until one is flushed, or for `kPatience`. Nobody
// waits for a write: a reader that has stopped loses lines, and is told how many.
class LineSink {
 public:
  // How much may wait before a line is lost: kMost, or kMostOwn, whose rest is its own.
  enum class Room { kUsual, kOwn };

  // What is logged where lines were lost.
  using LostLine = std::function<std::string(int64_t lines)>;

  LineSink(int fd, LostLine lost_line);
  // Writes what is left, for which a reader has `kPatienceAtEnd`.
  ~LineSink();
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;

  // `line` has no end of its own. Both: any thread.
  void Add(absl::string_view line, Room room = Room::kUsual);
  void Flush();

  // All there was no room for. Any thread.
  int64_t lost() const { return lost_in_all_; }

 private:
  static constexpr auto kPatience = std::chrono::milliseconds(100);
  static constexpr auto kPatienceAtEnd = std::chrono::seconds(1);
  static constexpr size_t kMany = 256 << 10;   // Bytes that wake the writer, and that go to a file
                                               // at once: with 64 KiB it takes twice the time;
  static constexpr size_t kMost = 4 << 20;     // bytes that wait at most,
  static constexpr size_t kMostOwn = 5 << 20;  // and with those that have room of their own.

  void Append(absl::string_view line);
  void AppendLost();
  void WakeWriter();

  void Run(const std::stop_token& stop);
  void Write(const std::string& lines, const std::stop_token& stop) const;

  const int fd_;
  const size_t at_once_;  // Bytes that one write may have.
  const LostLine lost_line_;

  std::mutex mutex_;  // Of these.
  std::string waiting_;
  int64_t lost_ = 0;  // Lines there was no room for, and nobody was told of yet.
  bool urgent_ = false;

  std::atomic<int64_t> lost_in_all_ = 0;
  std::condition_variable_any wake_;
  std::jthread writer_;  // Last: it uses the others.
};

}  // namespace pcaps
