// AdminConnection: one HTTP/1.1 connection to the admin port. On the loop's thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "service/admin/admin_page.h"
#include "service/admin/admin_site.h"

namespace pcaps {

struct AdminTimes {
  absl::Duration request = absl::Seconds(10);  // For a head, once it or the connection has begun.
  absl::Duration idle = absl::Seconds(60);     // For the next one; scrapers ask every 15 or 30 s.
  absl::Duration write = absl::Seconds(30);    // For a page to be taken by its reader.
};

class AdminConnection {
 public:
  static constexpr uint32_t kMaxHeadBytes = 8 << 10;  // As other servers allow; ours take 200 B.

  AdminConnection(boost::asio::ip::tcp::socket socket, std::shared_ptr<AdminSite> site,
                  const AdminTimes& times);

  // Answers one request after the other, until either end has enough. It must outlive this.
  Task<void> Serve();

  // When it began to wait for what its peer does not send; the far future while a request is being
  // answered.
  std::chrono::steady_clock::time_point waits_since() const { return waits_since_; }

  // Ends Serve(), too.
  void Close() { stream_.close(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  // A request's head, or why there is none.
  Task<boost::system::error_code> ReadHead(Parser& parser, absl::Duration patience);
  // Nothing of a request with a body is read beyond its head.
  Task<AdminPage> Answer(const Parser& parser, boost::system::error_code error);
  // False when the page was not taken in time.
  Task<bool> Write(AdminPage page, const Parser& parser, bool stays);
  // Sees the peer off: what is closed with bytes unread is reset, and a reset peer may lose the
  // answer.
  Task<void> Part();

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  const std::shared_ptr<AdminSite> site_;
  const AdminTimes times_;
  std::chrono::steady_clock::time_point waits_since_;
};

}  // namespace pcaps
