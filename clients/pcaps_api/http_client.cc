#include "clients/pcaps_api/http_client.h"

#include <utility>

#include "clients/pcaps_api/curl_loop.h"

namespace pcaps {

HttpClient::HttpClient(const Loop& loop, HttpOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      curl_(std::make_shared<CurlLoop>(loop, options_.max_idle_connections)) {}

std::unique_ptr<HttpExchange> HttpClient::Start(HttpRequest request) {
  return std::make_unique<HttpExchange>(curl_, options_, clock_, std::move(request));
}

}  // namespace pcaps
