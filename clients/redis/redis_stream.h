// RedisStream: the wire to a Redis, plain or TLS.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/base/task.h"

namespace pcaps {

// On one loop. Connect and StartTls once each, and in this order; then one Read and one Write may
// be under way at a time. Cancelling a call, or Close(), ends it. Shared: a call keeps its stream.
class RedisStream {
 public:
  explicit RedisStream(const Loop& loop);
  ~RedisStream();
  RedisStream(const RedisStream&) = delete;
  RedisStream& operator=(const RedisStream&) = delete;

  // Tries one after the other. UNAVAILABLE, refused or no route.
  static Task<absl::Status> Connect(std::shared_ptr<RedisStream> stream,
                                    std::vector<boost::asio::ip::tcp::endpoint> endpoints);

  // The peer's certificate must verify and name `host`. `ca_file`: PEM; empty: the system's.
  // INVALID_ARGUMENT, it cannot be read; UNAVAILABLE, the handshake failed.
  static Task<absl::Status> StartTls(std::shared_ptr<RedisStream> stream, std::string host,
                                     std::string ca_file);

  // What is there, `size` bytes at most, and one at least. UNAVAILABLE: the connection broke.
  Task<absl::StatusOr<size_t>> Read(char* data, size_t size);
  Task<absl::Status> Write(absl::string_view bytes);

  void Close();

 private:
  struct Tls;
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<Tls> tls_;  // Null: plain.
};

}  // namespace pcaps
