// HttpExchange: one HTTP request and its answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/http_head.h"

namespace pcaps {

class CurlLoop;
class CurlTransfer;
struct HttpOptions;

struct HttpRequest {
  std::string method = "GET";  // GET, POST, PUT or DELETE.
  std::string url;             // Its parts percent-encoded.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // POST and PUT send it, with its length, even where it is empty.
  // Where true it is sent over a new connection; only a GET is ever sent over another one.
  bool fresh_connection = false;
  // Where false the connection is closed behind the answer. Of an answer longer than it says the
  // rest would otherwise be taken for the next one.
  bool keep_connection = true;
  // Called on the loop before the first byte of the request is written, and not otherwise. Where it
  // returns false nothing is written and the exchange fails. Must not touch the exchange.
  std::function<bool()> before_bytes;
  // Once bytes may be out, cancelling the waiting coroutine no longer ends the exchange: a write
  // runs to its end.
  bool finish_once_sent = false;
};

// Why there is no answer, or no whole one.
enum class HttpFailure {
  kNone,
  kConnect,    // No connection: name, route, refusal, connect timeout, broken handshake.
  kTls,        // The peer's certificate does not verify.
  kTimeout,    // The deadline passed.
  kBroken,     // The connection ended early, or could not be used again.
  kMalformed,  // Not HTTP, contradictory lengths, or headers beyond the bound.
  kCancelled,  // The waiting coroutine was cancelled.
};

// Used by one coroutine at a time, on its loop. Destroying it abandons the transfer.
class HttpExchange {
 public:
  HttpExchange(std::shared_ptr<CurlLoop> curl, const HttpOptions& options, Clock& clock,
               HttpRequest request);
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  ~HttpExchange();

  // Waits for status and headers. Any error ends the exchange; failure() says which kind.
  Task<absl::Status> AwaitHead(absl::Time deadline);
  const HttpHead& head() const;

  // After AwaitHead: the next bytes of the body; empty at the end of a whole one. What is not read
  // is not received, beyond the buffer.
  Task<absl::StatusOr<std::string>> Read(absl::Time deadline);

  HttpFailure failure() const;
  // True when bytes of the request may have left.
  bool maybe_sent() const;

 private:
  std::unique_ptr<CurlTransfer> transfer_;
};

}  // namespace pcaps
