// Answer: what to send for one request, and how to misbehave while sending it. Routes make it,
// faults distort it, and WriteAnswer() carries it out, so everything but the sending is ordinary
// code without sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/emulator/body_source.h"

namespace pcaps::emulator {

enum class Framing {
  kLength,      // Content-Length.
  kChunked,     // Transfer-Encoding: chunked.
  kUntilClose,  // Neither: the body ends where the connection does.
};

enum class Ending {
  kKeepAlive,  // The connection serves the next request.
  kClose,      // Closed in order (FIN; with TLS after close_notify).
  kReset,      // RST: what the peer has not read yet is lost.
};

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<BodySource> stream;  // Where set, sent instead of `body`.
  Framing framing = Framing::kLength;
  Ending ending = Ending::kKeepAlive;

  // Faults.
  absl::Duration delay;                           // Wait before the first byte.
  bool silent = false;                            // Send no byte at all, only end.
  std::optional<std::string> raw;                 // Sent instead of head and body.
  std::optional<uint64_t> claimed_length;         // Content-Length, when it is to be a lie.
  std::optional<uint64_t> sent_body_bytes;        // Stop inside the body after so many.
  std::optional<uint64_t> head_bytes_per_second;  // Slow head.
  std::optional<uint64_t> body_bytes_per_second;  // Slow body.
  absl::Duration linger;                          // Wait before ending, reading nothing more.

  // Length of the true body.
  uint64_t body_bytes() const { return stream ? stream->size() : body.size(); }
};

}  // namespace pcaps::emulator
