#include "clients/pcaps_api/http_exchange.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "clients/pcaps_api/curl_transfer.h"

namespace pcaps {

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

std::optional<absl::Time> HttpHead::Date() const {
  absl::Time time;
  const bool sound = absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", Header("date"),
                                     absl::UTCTimeZone(), &time, nullptr);
  const bool finite = time != absl::InfiniteFuture() && time != absl::InfinitePast();
  return sound && finite ? std::optional(time) : std::nullopt;
}

bool HttpHead::HasFraming() const {
  return status == 204 || ContentLength().has_value() ||
         absl::EqualsIgnoreCase(Header("transfer-encoding"), "chunked");
}

HttpExchange::HttpExchange(std::shared_ptr<CurlLoop> curl, const HttpOptions& options, Clock& clock,
                           HttpRequest request)
    : transfer_(
          std::make_unique<CurlTransfer>(std::move(curl), options, clock, std::move(request))) {}

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
