// Connection: one HTTP/1.1 connection, plain or TLS. On the loop's thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>

#include "absl/strings/string_view.h"
#include "clients/base/task.h"
#include "tests/emulator/request.h"

namespace pcaps::emulator {

class Connection {
 public:
  virtual ~Connection() = default;

  // Once, before anything else. False where TLS failed.
  virtual Task<bool> Handshake() = 0;
  // Empty when the peer left, sent nonsense, or nothing for a long while.
  virtual Task<std::optional<Request>> Read() = 0;
  // False when the peer is gone.
  virtual Task<bool> Write(absl::string_view bytes) = 0;
  // After TLS's close_notify, where there is TLS.
  virtual Task<void> Close() = 0;
  virtual void Reset() = 0;
};

std::unique_ptr<Connection> MakePlainConnection(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Connection> MakeTlsConnection(boost::asio::ip::tcp::socket socket,
                                              boost::asio::ssl::context& context);

}  // namespace pcaps::emulator
