// CurlTransfer: the libcurl side of an HttpExchange.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/event.h"
#include "clients/pcaps_api/curl_loop.h"
#include "clients/pcaps_api/head_reader.h"
#include "clients/pcaps_api/http_client.h"

namespace pcaps {

// States: sending, head complete, finished. Finish is the one way to the last. Same rules of use as
// HttpExchange.
class CurlTransfer final : private CurlLoop::Transfer {
 public:
  CurlTransfer(std::shared_ptr<CurlLoop> curl, const HttpOptions& options, Clock& clock,
               HttpRequest request);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  Task<absl::Status> AwaitHead(absl::Time deadline);
  Task<absl::StatusOr<std::string>> Read(absl::Time deadline);

  const HttpHead& head() const { return head_.head(); }
  HttpFailure failure() const { return failure_; }
  bool maybe_sent() const { return maybe_sent_; }

 private:
  static int BeforeBytes(void* self, char*, char*, int, int local_port);
  static size_t HeaderCallback(char* data, size_t size, size_t count, void* self);
  static size_t BodyCallback(char* data, size_t size, size_t count, void* self);

  // Whether the connection is one that is used again.
  bool IsKeptConnection() const;
  // Whether bytes are there to be read on the connection before anything was asked.
  bool HasUnaskedBytes(int local_port) const;

  void SetUp(const HttpOptions& options);
  void SetUpConnection(const HttpOptions& options);
  void SetUpRequest();
  bool OnHeaderLine(absl::string_view line);
  std::string& LastPiece();
  size_t OnBody(absl::string_view data);
  void OnFinished(CURLcode result) override;
  bool BodyIsShort() const;
  void Finish(HttpFailure failure, absl::string_view text);
  void Abandon(HttpFailure failure, absl::string_view text);
  void Resume();
  Task<void> AwaitChange(absl::Time deadline);

  const std::shared_ptr<CurlLoop> curl_;
  Clock& clock_;
  const HttpRequest request_;
  const size_t buffer_bytes_;
  const size_t receive_bytes_;
  CURL* const easy_;
  curl_slist* request_headers_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = "";

  Event changed_;
  bool maybe_sent_ = false;
  bool unasked_bytes_ = false;  // On the connection it was to use: not sent for that.
  bool unwanted_ = false;       // before_bytes said no.
  HeadReader head_;
  // Received and not yet read, in pieces of receive_bytes_: nothing of it is moved when more comes.
  std::deque<std::string> pieces_;
  size_t buffered_ = 0;  // Bytes in them.
  int64_t received_ = 0;
  bool paused_ = false;
  bool finished_ = false;
  HttpFailure failure_ = HttpFailure::kNone;
  absl::Status status_;
};

}  // namespace pcaps
