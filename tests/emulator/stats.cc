#include "tests/emulator/stats.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

constexpr absl::Duration kWindow = absl::Seconds(300);  // That of the API's rate limit.

json::string_view Name(Endpoint endpoint) {
  const absl::string_view name = EndpointName(endpoint);
  return {name.data(), name.size()};
}

}  // namespace

void Stats::CountRequest(const Route& route, absl::Time now) {
  ++total_;
  ++by_endpoint_[route.endpoint];
  if (!route.account_id.empty()) ++by_account_[route.account_id][route.endpoint];
  recent_.push_back(now);
  while (recent_.front() <= now - kWindow) recent_.pop_front();
  most_recent_ = std::max(most_recent_, recent_.size());
}

json::object Stats::ToJson() const {
  json::object endpoints;
  for (int i = 0; i <= static_cast<int>(Endpoint::kMethodNotAllowed); ++i) {
    const auto endpoint = static_cast<Endpoint>(i);
    const auto found = by_endpoint_.find(endpoint);
    endpoints[Name(endpoint)] = found == by_endpoint_.end() ? 0 : found->second;
  }
  json::object statuses;
  for (const auto& [status, count] : by_status_) {
    statuses[status == 0 ? "none" : absl::StrCat(status)] = count;
  }
  json::object accounts;
  for (const auto& [account_id, counts] : by_account_) {
    json::object account;
    int64_t total = 0;
    for (const auto& [endpoint, count] : counts) {
      account[Name(endpoint)] = count;
      total += count;
    }
    account["total"] = total;
    accounts[account_id] = account;
  }
  return {{"total", total_},
          {"endpoints", endpoints},
          {"statuses", statuses},
          {"accounts", accounts},
          {"captures_created", captures_created_},
          {"connections", connections_},
          {"max_requests_in_300s", most_recent_}};
}

}  // namespace pcaps::emulator
