#include "clients/pcaps_api/curl_transfer.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/task.h"

namespace pcaps {
namespace {

// Parsing the system's takes some 20 ms.
constexpr absl::Duration kCaFileAge = absl::Minutes(1);

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
    case CURLE_OUT_OF_MEMORY:  // What a line without end is.
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

CurlTransfer::CurlTransfer(std::shared_ptr<CurlLoop> curl, const HttpOptions& options, Clock& clock,
                           HttpRequest request)
    : curl_(std::move(curl)),
      clock_(clock),
      request_(std::move(request)),
      buffer_bytes_(options.buffer_bytes),
      receive_bytes_(options.receive_bytes),
      easy_(curl_easy_init()),
      changed_(curl_->loop()),
      head_(options.max_header_bytes) {
  SetUp(options);
  curl_->Add(easy_, this);
}

CurlTransfer::~CurlTransfer() {
  curl_->Remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(request_headers_);
}

void CurlTransfer::SetUp(const HttpOptions& options) {
  SetUpConnection(options);
  SetUpRequest();
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::BeforeBytes);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::HeaderCallback);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::BodyCallback);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

void CurlTransfer::SetUpConnection(const HttpOptions& options) {
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
  // Or a replaced file would be noticed a day later.
  curl_easy_setopt(easy_, CURLOPT_CA_CACHE_TIMEOUT, seconds(kCaFileAge));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options.connect_timeout)));
  curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, seconds(options.max_connection_idle));
  curl_easy_setopt(easy_, CURLOPT_MAXLIFETIME_CONN, seconds(options.max_connection_life));
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, static_cast<long>(options.receive_bytes));
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
}

void CurlTransfer::SetUpRequest() {
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
  }
  if (request_.method != "GET" || request_.fresh_connection) {
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  }
  if (!request_.keep_connection) curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
  for (const auto& [name, value] : request_.headers) {
    request_headers_ = curl_slist_append(request_headers_, absl::StrCat(name, ": ", value).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, request_headers_);
}

int CurlTransfer::BeforeBytes(void* self, char*, char*, int, int local_port) {
  auto* const transfer = static_cast<CurlTransfer*>(self);
  // libcurl silently repeats a request on a reused connection that turns out dead. Whether to
  // repeat is not its to say.
  if (transfer->maybe_sent_) return CURL_PREREQFUNC_ABORT;
  // libcurl reads an answer no further than its length, and takes a connection with more on it for
  // a good one.
  transfer->unasked_bytes_ = transfer->IsKeptConnection() && transfer->HasUnaskedBytes(local_port);
  if (transfer->unasked_bytes_) return CURL_PREREQFUNC_ABORT;
  const auto& before_bytes = transfer->request_.before_bytes;
  transfer->unwanted_ = before_bytes && !before_bytes();
  if (transfer->unwanted_) return CURL_PREREQFUNC_ABORT;
  transfer->maybe_sent_ = true;
  return CURL_PREREQFUNC_OK;
}

bool CurlTransfer::IsKeptConnection() const {
  long made = 0;
  return curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK && made == 0;
}

bool CurlTransfer::HasUnaskedBytes(int local_port) const {
  if (curl_->open_sockets().HaveBytesAt(local_port)) return true;
  if (!absl::StartsWith(request_.url, "https:")) return false;
  // Those that came in one TLS record with the end of the answer have been taken off the socket.
  curl_tlssessioninfo* tls = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_TLS_SSL_PTR, &tls);
  if (tls == nullptr || tls->backend != CURLSSLBACKEND_OPENSSL) return false;
  const auto* const session = static_cast<const SSL*>(tls->internals);
  return session != nullptr && SSL_has_pending(session) == 1;
}

size_t CurlTransfer::HeaderCallback(char* data, size_t size, size_t count, void* self) {
  const bool accepted = static_cast<CurlTransfer*>(self)->OnHeaderLine({data, size * count});
  return accepted ? size * count : 0;
}

size_t CurlTransfer::BodyCallback(char* data, size_t size, size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->OnBody({data, size * count});
}

// False ends the transfer.
bool CurlTransfer::OnHeaderLine(absl::string_view line) {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (!head_.Add(line, static_cast<int>(status))) return false;
  if (head_.complete()) changed_.Notify();
  return true;
}

// The piece that has room for what comes next.
std::string& CurlTransfer::LastPiece() {
  if (pieces_.empty() || pieces_.back().size() >= receive_bytes_) {
    const int64_t length = head().ContentLength().value_or(std::numeric_limits<int64_t>::max());
    const int64_t left = std::max<int64_t>(length - received_, 0);
    pieces_.emplace_back().reserve(std::min<uint64_t>(receive_bytes_, left));
  }
  return pieces_.back();
}

// A part refused for want of room is offered again after Resume.
size_t CurlTransfer::OnBody(absl::string_view data) {
  if (buffered_ > 0 && buffered_ + data.size() > buffer_bytes_) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  // libcurl hands on 16 KiB at a time, whatever it received.
  for (absl::string_view rest = data; !rest.empty();) {
    std::string& piece = LastPiece();
    const size_t taken = std::min(rest.size(), receive_bytes_ - piece.size());
    absl::StrAppend(&piece, rest.substr(0, taken));
    rest.remove_prefix(taken);
    buffered_ += taken;
  }
  received_ += static_cast<int64_t>(data.size());
  changed_.Notify();
  return data.size();
}

void CurlTransfer::OnFinished(CURLcode result) {
  if (!head_.fault().empty()) {
    Finish(HttpFailure::kMalformed, head_.fault());
  } else if (unasked_bytes_) {
    Finish(HttpFailure::kBroken, "a kept connection was closed, or held more than an answer");
  } else if (result == CURLE_ABORTED_BY_CALLBACK && maybe_sent_) {
    // By BeforeBytes, when libcurl was about to repeat it.
    Finish(HttpFailure::kBroken, "a reused connection was closed before it answered");
  } else if (unwanted_) {
    Finish(HttpFailure::kCancelled, "nobody waited for it any more");
  } else if (result != CURLE_OK) {
    const absl::string_view text =
        error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(result);
    Finish(FailureOf(result, maybe_sent_), CleanText(text));
  } else if (!head_.complete() || BodyIsShort()) {
    Finish(HttpFailure::kBroken, "the connection ended before the answer did");
  } else {
    Finish(HttpFailure::kNone, "");
  }
}

// A reset can look like success to libcurl.
bool CurlTransfer::BodyIsShort() const {
  const std::optional<int64_t> length = head().ContentLength();
  return head().status != 204 && length.has_value() && received_ != *length;
}

void CurlTransfer::Finish(HttpFailure failure, absl::string_view text) {
  finished_ = true;
  failure_ = failure;
  status_ = StatusOf(failure, text);
  changed_.Notify();
}

void CurlTransfer::Abandon(HttpFailure failure, absl::string_view text) {
  curl_->Remove(easy_);
  pieces_.clear();
  buffered_ = 0;
  Finish(failure, text);
}

// Waits until something happens to the transfer; ends it when its time is over or its reader has
// gone.
Task<void> CurlTransfer::AwaitChange(absl::Time deadline) {
  const bool cancelled = co_await Cancelled();
  if (cancelled && !(request_.finish_once_sent && maybe_sent_)) {
    Abandon(HttpFailure::kCancelled, "the call was cancelled");
  } else if (clock_.Now() >= deadline) {
    Abandon(HttpFailure::kTimeout,
            head_.complete() ? "the body did not arrive in time" : "no answer arrived in time");
  } else {
    co_await clock_.WaitUntil(changed_, deadline);
  }
}

Task<absl::Status> CurlTransfer::AwaitHead(absl::Time deadline) {
  while (!head_.complete() && !finished_) co_await AwaitChange(deadline);
  if (!head_.complete()) co_return status_;
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::string>> CurlTransfer::Read(absl::Time deadline) {
  while (pieces_.empty() && !finished_) co_await AwaitChange(deadline);
  if (pieces_.empty() && !status_.ok()) co_return status_;
  if (pieces_.empty()) co_return std::string();
  std::string data = std::move(pieces_.front());
  pieces_.pop_front();
  buffered_ -= data.size();
  // Not for every piece: a pause and its end cost as much as receiving one.
  if (buffered_ <= buffer_bytes_ / 2) Resume();
  co_return data;
}

void CurlTransfer::Resume() {
  if (!paused_ || finished_) return;
  paused_ = false;  // Before the call below, which may offer the refused part and be refused again.
  if (curl_easy_pause(easy_, CURLPAUSE_CONT) != CURLE_OK) {
    Abandon(HttpFailure::kBroken, "the transfer could not be resumed");
  }
}

}  // namespace pcaps
