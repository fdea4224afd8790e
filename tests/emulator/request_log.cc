#include "tests/emulator/request_log.h"

#include "absl/strings/str_cat.h"

namespace pcaps::emulator {
namespace {

absl::string_view OrDash(absl::string_view text) { return text.empty() ? "-" : text; }

}  // namespace

void RequestLog::Add(const Route& route, const std::string& token, absl::Time now) {
  requests_.push_back({.at = now, .route = route, .token = token});
  if (requests_.size() > kMaxRequests) requests_.pop_front();
}

std::string RequestLog::ToText(absl::Time since) const {
  std::string text;
  for (const Entry& each : requests_) {
    if (each.at < since) continue;
    absl::StrAppend(&text, absl::ToUnixMillis(each.at), " ", EndpointName(each.route.endpoint), " ",
                    OrDash(each.route.account_id), " ", OrDash(each.route.object_id), " ",
                    each.status, " ", OrDash(each.token), "\n");
  }
  return text;
}

}  // namespace pcaps::emulator
