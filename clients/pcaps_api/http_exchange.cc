#include "clients/pcaps_api/http_exchange.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/error.h"
#include "clients/pcaps_api/curl_loop.h"
#include "clients/pcaps_api/http_client.h"

namespace pcaps {
namespace {

HttpFailure FailureOf(CURLcode result, bool maybe_sent) {
  switch (result) {
    case CURLE_OK:
      return HttpFailure::kNone;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return HttpFailure::kTls;
    case CURLE_UNSUPPORTED_PROTOCOL:  // Also what an answer without a status line is.
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return HttpFailure::kMalformed;
    case CURLE_OPERATION_TIMEDOUT:  // Ours are not libcurl's: this is its connect timeout.
      return HttpFailure::kConnect;
    default:
      return maybe_sent ? HttpFailure::kBroken : HttpFailure::kConnect;
  }
}

absl::Status StatusOf(HttpFailure failure, absl::string_view text) {
  switch (failure) {
    case HttpFailure::kNone:
      return absl::OkStatus();
    case HttpFailure::kCancelled:
      return absl::CancelledError(text);
    case HttpFailure::kTimeout:
      return absl::DeadlineExceededError(text);
    case HttpFailure::kMalformed:
      return absl::InternalError(text);
    case HttpFailure::kConnect:
    case HttpFailure::kTls:
    case HttpFailure::kBroken:
      return absl::UnavailableError(text);
  }
  return absl::InternalError(text);
}

}  // namespace

absl::string_view HttpHead::Header(absl::string_view name) const {
  const auto found = headers.find(std::string(name));
  return found == headers.end() ? absl::string_view() : absl::string_view(found->second);
}

std::optional<int64_t> HttpHead::ContentLength() const {
  if (!Header("transfer-encoding").empty()) return std::nullopt;  // It overrides the length.
  int64_t length = 0;
  if (!absl::SimpleAtoi(Header("content-length"), &length) || length < 0) return std::nullopt;
  return length;
}

bool HttpHead::HasFraming() const {
  return status == 204 || ContentLength().has_value() ||
         absl::EqualsIgnoreCase(Header("transfer-encoding"), "chunked");
}

// The libcurl side. States: sending, head complete, finished; `finished_` is set once, by Finish.
class HttpExchange::Transfer final : private CurlLoop::Transfer {
 public:
  Transfer(std::shared_ptr<CurlLoop> curl, const HttpOptions& options, Clock& clock,
           HttpRequest request);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  Task<absl::Status> AwaitHead(absl::Time deadline);
  Task<absl::StatusOr<std::string>> Read(absl::Time deadline);

  const HttpHead& head() const { return head_; }
  HttpFailure failure() const { return failure_; }
  bool maybe_sent() const { return maybe_sent_; }

 private:
  static int BeforeBytes(void* self, char*, char*, int, int);
  static size_t HeaderCallback(char* data, size_t size, size_t count, void* self);
  static size_t BodyCallback(char* data, size_t size, size_t count, void* self);

  void SetUp(const HttpOptions& options);
  void SetUpConnection(const HttpOptions& options);
  void SetUpRequest();
  bool OnHeaderLine(absl::string_view line);
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
  const size_t max_header_bytes_;
  const size_t buffer_bytes_;
  CURL* const easy_;
  curl_slist* request_headers_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = "";

  Event changed_;
  bool maybe_sent_ = false;
  size_t header_bytes_ = 0;
  HttpHead head_;
  bool head_complete_ = false;
  bool malformed_ = false;
  std::string buffer_;
  int64_t received_ = 0;
  bool paused_ = false;
  bool finished_ = false;
  HttpFailure failure_ = HttpFailure::kNone;
  absl::Status status_;
};

HttpExchange::Transfer::Transfer(std::shared_ptr<CurlLoop> curl, const HttpOptions& options,
                                 Clock& clock, HttpRequest request)
    : curl_(std::move(curl)),
      clock_(clock),
      request_(std::move(request)),
      max_header_bytes_(options.max_header_bytes),
      buffer_bytes_(options.buffer_bytes),
      easy_(curl_easy_init()),
      changed_(curl_->loop()) {
  SetUp(options);
  curl_->Add(easy_, this);
}

HttpExchange::Transfer::~Transfer() {
  curl_->Remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(request_headers_);
}

void HttpExchange::Transfer::SetUp(const HttpOptions& options) {
  SetUpConnection(options);
  SetUpRequest();
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Transfer::BeforeBytes);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::HeaderCallback);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::BodyCallback);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

void HttpExchange::Transfer::SetUpConnection(const HttpOptions& options) {
  const auto seconds = [](absl::Duration d) { return static_cast<long>(absl::ToInt64Seconds(d)); };
  const char* const protocols = options.allow_plaintext ? "http,https" : "https";
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Otherwise abandoning a transfer whose name is being resolved blocks the loop until the resolver
  // answers.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY,
                   options.proxy.c_str());  // "" also overrules the environment.
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options.connect_timeout)));
  curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, seconds(options.max_connection_idle));
  curl_easy_setopt(easy_, CURLOPT_MAXLIFETIME_CONN, seconds(options.max_connection_life));
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
}

void HttpExchange::Transfer::SetUpRequest() {
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  if (request_.method == "POST" || request_.method == "PUT") {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());  // Not copied.
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    request_headers_ = curl_slist_append(request_headers_, "Expect:");        // No 100-continue.
    request_headers_ = curl_slist_append(request_headers_, "Content-Type:");  // No form.
  }
  if (request_.method != "GET") {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  }
  for (const auto& [name, value] : request_.headers) {
    request_headers_ = curl_slist_append(request_headers_, absl::StrCat(name, ": ", value).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, request_headers_);
}

int HttpExchange::Transfer::BeforeBytes(void* self, char*, char*, int, int) {
  auto* const transfer = static_cast<Transfer*>(self);
  const auto& before_bytes = transfer->request_.before_bytes;
  if (before_bytes && !before_bytes()) return CURL_PREREQFUNC_ABORT;
  transfer->maybe_sent_ = true;
  return CURL_PREREQFUNC_OK;
}

size_t HttpExchange::Transfer::HeaderCallback(char* data, size_t size, size_t count, void* self) {
  const bool accepted = static_cast<Transfer*>(self)->OnHeaderLine({data, size * count});
  return accepted ? size * count : 0;
}

size_t HttpExchange::Transfer::BodyCallback(char* data, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->OnBody({data, size * count});
}

// One line of the head; false ends the transfer. Lines after the head are trailers, which nobody
// needs.
bool HttpExchange::Transfer::OnHeaderLine(absl::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > max_header_bytes_) {
    malformed_ = true;
    return false;
  }
  if (head_complete_) return true;
  if (absl::StartsWith(line,
                       "HTTP/")) {  // Also after a head of status 1xx, which was not the answer.
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    head_ = HttpHead{static_cast<int>(status), {}};
    return true;
  }
  line = absl::StripAsciiWhitespace(line);
  if (line.empty()) {
    head_complete_ = head_.status >= 200;
    changed_.Notify();
    return true;
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return true;
  const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.substr(0, colon)));
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  const auto [place, is_new] = head_.headers.try_emplace(name, std::string(value));
  if (!is_new && place->second != value) absl::StrAppend(&place->second, ", ", value);
  return true;
}

// A part refused for want of room is offered again after Resume.
size_t HttpExchange::Transfer::OnBody(absl::string_view data) {
  if (!buffer_.empty() && buffer_.size() + data.size() > buffer_bytes_) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  absl::StrAppend(&buffer_, data);
  received_ += static_cast<int64_t>(data.size());
  changed_.Notify();
  return data.size();
}

void HttpExchange::Transfer::OnFinished(CURLcode result) {
  if (malformed_) {
    Finish(HttpFailure::kMalformed, "the headers of the answer are too long");
  } else if (result != CURLE_OK) {
    const absl::string_view text =
        error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(result);
    Finish(FailureOf(result, maybe_sent_), CleanText(text));
  } else if (!head_complete_ || BodyIsShort()) {
    Finish(HttpFailure::kBroken, "the connection ended before the answer did");
  } else {
    Finish(HttpFailure::kNone, "");
  }
}

// A reset can look like success to libcurl.
bool HttpExchange::Transfer::BodyIsShort() const {
  const std::optional<int64_t> length = head_.ContentLength();
  return head_.status != 204 && length.has_value() && received_ != *length;
}

void HttpExchange::Transfer::Finish(HttpFailure failure, absl::string_view text) {
  finished_ = true;
  failure_ = failure;
  status_ = StatusOf(failure, text);
  changed_.Notify();
}

void HttpExchange::Transfer::Abandon(HttpFailure failure, absl::string_view text) {
  curl_->Remove(easy_);
  buffer_.clear();
  Finish(failure, text);
}

// Waits until something happens to the transfer; ends it when its time is over or its reader has
// gone.
Task<void> HttpExchange::Transfer::AwaitChange(absl::Time deadline) {
  const bool cancelled = co_await Cancelled();
  if (cancelled && !(request_.finish_once_sent && maybe_sent_)) {
    Abandon(HttpFailure::kCancelled, "the call was cancelled");
  } else if (clock_.Now() >= deadline) {
    Abandon(HttpFailure::kTimeout,
            head_complete_ ? "the body did not arrive in time" : "no answer arrived in time");
  } else {
    co_await clock_.WaitUntil(changed_, deadline);
  }
}

Task<absl::Status> HttpExchange::Transfer::AwaitHead(absl::Time deadline) {
  while (!head_complete_ && !finished_) co_await AwaitChange(deadline);
  if (!head_complete_) co_return status_;
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::string>> HttpExchange::Transfer::Read(absl::Time deadline) {
  while (buffer_.empty() && !finished_) co_await AwaitChange(deadline);
  if (buffer_.empty() && !status_.ok()) co_return status_;
  std::string data = std::exchange(buffer_, {});
  Resume();
  co_return data;
}

void HttpExchange::Transfer::Resume() {
  if (!paused_ || finished_) return;
  paused_ = false;  // Before the call below, which may offer the refused part and be refused again.
  if (curl_easy_pause(easy_, CURLPAUSE_CONT) != CURLE_OK) {
    Abandon(HttpFailure::kBroken, "the transfer could not be resumed");
  }
}

HttpExchange::HttpExchange(std::shared_ptr<CurlLoop> curl, const HttpOptions& options, Clock& clock,
                           HttpRequest request)
    : transfer_(std::make_unique<Transfer>(std::move(curl), options, clock, std::move(request))) {}

HttpExchange::~HttpExchange() = default;

Task<absl::Status> HttpExchange::AwaitHead(absl::Time deadline) {
  return transfer_->AwaitHead(deadline);
}

Task<absl::StatusOr<std::string>> HttpExchange::Read(absl::Time deadline) {
  return transfer_->Read(deadline);
}

const HttpHead& HttpExchange::head() const { return transfer_->head(); }
HttpFailure HttpExchange::failure() const { return transfer_->failure(); }
bool HttpExchange::maybe_sent() const { return transfer_->maybe_sent(); }

}  // namespace pcaps
