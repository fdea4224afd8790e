#include "clients/gateway/pcapctl/standard_input.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace pcaps::pcapctl {
namespace {

// A descriptor that becomes readable when stop is requested.
class StopDescriptor {
 public:
  explicit StopDescriptor(const std::stop_token& stop)
      : fd_(eventfd(0, EFD_CLOEXEC)), on_stop_(stop, Signal{fd_}) {}
  ~StopDescriptor() { close(fd_); }
  StopDescriptor(const StopDescriptor&) = delete;
  StopDescriptor& operator=(const StopDescriptor&) = delete;

  int fd() const { return fd_; }

 private:
  struct Signal {
    int fd;
    void operator()() const { eventfd_write(fd, 1); }
  };

  const int fd_;
  const std::stop_callback<Signal> on_stop_;
};

}  // namespace

absl::StatusOr<std::string> ReadStandardInput(size_t max_bytes, const std::stop_token& stop) {
  const StopDescriptor stopped(stop);
  std::string text;
  while (text.size() <= max_bytes) {
    std::array<pollfd, 2> ready = {pollfd{STDIN_FILENO, POLLIN, 0},
                                   pollfd{stopped.fd(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
    if (stop.stop_requested()) return absl::CancelledError("interrupted");
    if (ready[0].revents == 0) continue;
    std::array<char, 4096> piece{};
    const ssize_t got = read(STDIN_FILENO, piece.data(), piece.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::UnknownError("cannot read standard input");
    text.append(piece.data(), static_cast<size_t>(got));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("standard input holds more than ", max_bytes, " bytes"));
}

}  // namespace pcaps::pcapctl
