#include "clients/pcaps_api/http_exchange.h"

#include <utility>

#include "clients/pcaps_api/curl_transfer.h"

namespace pcaps {

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
