#include "service/admin/admin_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <string>
#include <utility>

namespace pcaps {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kHttpValues = asio::as_tuple(asio::use_awaitable);
// What may be read and not yet understood: a head, and pipelined ones behind it.
constexpr size_t kMaxBufferedBytes = 2 * size_t{AdminConnection::kMaxHeadBytes};
// What a peer may still have on its way when it is answered for good, and how long that may take.
constexpr size_t kMaxUnreadBytes = 1 << 20;
constexpr auto kPartingTime = std::chrono::seconds(1);

// Whether the peer has sent something that is no request; otherwise there is nobody to answer.
bool IsNonsense(const error_code& error) {
  return error && error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

// What is closed with pages that nobody takes is reset: the kernel would keep them for minutes.
void ResetOnClose(tcp::socket& socket, bool on) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(on, 0), ignored);
}

}  // namespace

AdminConnection::AdminConnection(tcp::socket socket, std::shared_ptr<AdminSite> site,
                                 const AdminTimes& times)
    : stream_(std::move(socket)),
      buffer_(kMaxBufferedBytes),
      site_(std::move(site)),
      times_(times),
      waits_since_(std::chrono::steady_clock::now()) {}

Task<void> AdminConnection::Serve() {
  absl::Duration patience = times_.request;
  bool stays = true;
  while (stays) {
    Parser parser;
    const error_code error = co_await ReadHead(parser, patience);
    if (error && !IsNonsense(error)) break;
    waits_since_ = SteadyTime::max();
    AdminPage page = co_await Answer(parser, error);
    stays = !error && parser.is_done() && parser.keep_alive();
    const bool taken = co_await Write(std::move(page), parser, stays);
    if (!taken) break;
    waits_since_ = std::chrono::steady_clock::now();
    if (!stays) co_await Part();
    patience = times_.idle;
  }
  Close();
}

Task<error_code> AdminConnection::ReadHead(Parser& parser, absl::Duration patience) {
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(boost::none);
  if (buffer_.size() == 0) {
    stream_.expires_after(absl::ToChronoNanoseconds(patience));
    const auto [error, bytes] =
        co_await stream_.async_read_some(buffer_.prepare(kMaxBufferedBytes), kHttpValues);
    if (error) co_return error;
    buffer_.commit(bytes);
  }
  // One deadline for all of it: who sends a byte a second gets no more.
  stream_.expires_after(absl::ToChronoNanoseconds(times_.request));
  const auto [error, bytes] =
      co_await http::async_read_header(stream_, buffer_, parser, kHttpValues);
  co_return error;
}

Task<AdminPage> AdminConnection::Answer(const Parser& parser, error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    co_return AdminLine(431, "the head of the request is over 8 KiB");
  }
  if (error) co_return AdminLine(400, "this is no HTTP/1.1 request");
  if (!parser.is_done()) co_return AdminLine(413, "a request must have no body");
  co_return co_await site_->Answer(std::string(parser.get().method_string()),
                                   std::string(parser.get().target()));
}

Task<bool> AdminConnection::Write(AdminPage page, const Parser& parser, bool stays) {
  const http::request<http::empty_body>& request = parser.get();
  http::response<http::string_body> response(static_cast<http::status>(page.status),
                                             request.version());
  response.set(http::field::content_type, page.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (page.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(stays);
  response.content_length(page.body.size());
  if (request.method() != http::verb::head) response.body() = std::move(page.body);

  stream_.expires_after(absl::ToChronoNanoseconds(times_.write));
  ResetOnClose(stream_.socket(), true);
  const auto [error, bytes] = co_await http::async_write(stream_, response, kHttpValues);
  ResetOnClose(stream_.socket(), false);
  co_return !error;
}

Task<void> AdminConnection::Part() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kPartingTime);
  std::array<char, 4096> unread;
  size_t left = kMaxUnreadBytes;
  while (left > 0) {
    const auto [error, bytes] = co_await stream_.async_read_some(asio::buffer(unread), kHttpValues);
    if (error) co_return;
    left -= std::min(left, bytes);
  }
}

}  // namespace pcaps
