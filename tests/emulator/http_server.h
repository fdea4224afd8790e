// HttpServer: brings an Emulator's answers over sockets, HTTP/1.1 with keep-alive, plain or TLS.
// All on the loop's thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/base/task.h"
#include "tests/emulator/emulator.h"

namespace pcaps::emulator {

class HttpServer {
 public:
  // `emulator` and the loop outlive it; so does it its connections: end the loop before destroying
  // either.
  HttpServer(Loop loop, Emulator& emulator, bool verbose = false)
      : loop_(loop), emulator_(emulator), acceptor_(loop), verbose_(verbose) {}

  // PEM files; before Start().
  absl::Status UseTls(const std::string& certificate_file, const std::string& key_file);

  // Listens on "address:port" ("[::1]:0"; port 0: any) and serves from then on. Returns
  // "http://address:port", or https.
  absl::StatusOr<std::string> Start(absl::string_view listen);

 private:
  Task<void> Accept();
  Task<void> Serve(boost::asio::ip::tcp::socket socket);

  Loop loop_;
  Emulator& emulator_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::optional<boost::asio::ssl::context> tls_;
  bool verbose_;
};

}  // namespace pcaps::emulator
