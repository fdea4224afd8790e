// ServedSocket: a descriptor that gRPC was handed, who closes it when it has done with the
// connection: whether it has. Any thread.
#pragma once

#include <sys/types.h>

#include <utility>

namespace pcaps {

class ServedSocket {
 public:
  // `fd`: the descriptor, before gRPC has it.
  explicit ServedSocket(int fd) : fd_(fd), file_(FileOf(fd)) {}

  // Its number may be another file's by then.
  bool IsReleased() const { return file_ == File() || FileOf(fd_) != file_; }

 private:
  using File = std::pair<dev_t, ino_t>;  // No two files that are open have the same.

  // Zeroes where none is open. By /proc: to ask the descriptor of another's would race.
  static File FileOf(int fd);

  const int fd_;
  const File file_;
};

}  // namespace pcaps
