#include "tests/emulator/answer_writer.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/status.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pcaps::emulator {
namespace {

namespace http = boost::beast::http;

constexpr int64_t kSlicesPerSecond = 20;  // Of a trickle.
constexpr absl::string_view kLastChunk = "0\r\n\r\n";
constexpr int kNoContent = 204;

Task<void> Pause(absl::Duration duration) {
  if (duration <= absl::ZeroDuration()) co_return;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                  absl::ToChronoNanoseconds(duration));
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

Task<bool> WritePaced(Connection& connection, std::string bytes, std::optional<uint64_t> rate) {
  if (!rate) co_return co_await connection.Write(bytes);
  const uint64_t slice = std::max<uint64_t>(*rate / kSlicesPerSecond, 1);
  for (uint64_t sent = 0; sent < bytes.size(); sent += slice) {
    const absl::string_view part = absl::string_view(bytes).substr(sent, slice);
    const bool written = co_await connection.Write(part);
    if (!written) co_return false;
    co_await Pause(absl::Seconds(static_cast<double>(part.size()) / static_cast<double>(*rate)));
  }
  co_return true;
}

std::string Head(const Answer& answer) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(answer.status));
  std::string head = absl::StrCat("HTTP/1.1 ", answer.status, " ", std::string(reason), "\r\n");
  for (const auto& [name, value] : answer.headers) {
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  if (answer.framing == Framing::kChunked) {
    absl::StrAppend(&head, "Transfer-Encoding: chunked\r\n");
  } else if (answer.framing == Framing::kUntilClose) {
    absl::StrAppend(&head, "Connection: close\r\n");
  } else if (answer.status != kNoContent) {
    const uint64_t length = answer.claimed_length.value_or(answer.body_bytes());
    absl::StrAppend(&head, "Content-Length: ", length, "\r\n");
  }
  return head + "\r\n";
}

// The body's next piece; empty at its end.
std::string NextPiece(Answer& answer) {
  if (answer.stream) return answer.stream->Next();
  return std::exchange(answer.body, "");
}

// Sends the body as framed, up to where it is to be cut. `unsent`, the head, goes with its first
// piece.
Task<bool> WriteBody(Connection& connection, Answer& answer, std::string unsent) {
  const bool chunked = answer.framing == Framing::kChunked;
  uint64_t left = answer.sent_body_bytes.value_or(UINT64_MAX);
  while (true) {
    std::string piece = NextPiece(answer);
    const bool end = piece.empty();
    const bool cut = piece.size() > left;
    if (cut) piece.resize(left);
    left -= piece.size();
    if (chunked && !piece.empty()) {
      piece = absl::StrFormat("%x\r\n%s\r\n", piece.size(), piece);
    }
    if (chunked && end) piece = std::string(kLastChunk);
    const bool written =
        co_await WritePaced(connection, unsent + piece, answer.body_bytes_per_second);
    if (!written) co_return false;
    if (end || cut) co_return true;
    unsent.clear();
  }
}

Task<bool> WriteMessage(Connection& connection, Answer& answer) {
  if (answer.raw) co_return co_await connection.Write(*answer.raw);
  std::string head = Head(answer);
  const bool slow = answer.head_bytes_per_second || answer.body_bytes_per_second;
  if (slow) {
    const bool written =
        co_await WritePaced(connection, std::move(head), answer.head_bytes_per_second);
    if (!written) co_return false;
    head.clear();
  }
  if (answer.status == kNoContent) co_return co_await connection.Write(head);
  co_return co_await WriteBody(connection, answer, std::move(head));
}

}  // namespace

Task<bool> WriteAnswer(Connection& connection, Answer answer) {
  co_await Pause(answer.delay);
  bool alive = true;
  if (!answer.silent) alive = co_await WriteMessage(connection, answer);
  co_await Pause(answer.linger);
  if (!alive || answer.ending == Ending::kReset) {
    connection.Reset();
  } else if (answer.ending == Ending::kClose) {
    co_await connection.Close();
  } else {
    co_return true;
  }
  co_return false;
}

}  // namespace pcaps::emulator
