// DialTcp: one TCP connection, made within a bound, and in words what is in its way.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pcaps {

// A connected, blocking socket; closed with its owner.
class TcpSocket {
 public:
  explicit TcpSocket(int fd) : fd_(fd) {}
  TcpSocket(TcpSocket&& other) noexcept : fd_(other.Release()) {}
  TcpSocket& operator=(TcpSocket&&) = delete;
  ~TcpSocket();

  // Hands the descriptor over.
  int Release();

 private:
  int fd_;
};

// Blocks for `timeout` at most, the search for the name included; tries every address of it. Errors
// name host and port: NOT_FOUND, the name has no address; UNAVAILABLE, refused or no route;
// DEADLINE_EXCEEDED.
absl::StatusOr<TcpSocket> DialTcp(const std::string& host, int port, absl::Duration timeout);

}  // namespace pcaps
