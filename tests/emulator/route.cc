#include "tests/emulator/route.h"

#include <algorithm>
#include <array>
#include <boost/url.hpp>
#include <vector>

#include "absl/strings/str_split.h"

namespace pcaps::emulator {
namespace {

constexpr size_t kMaxAccountIdChars = 32;
constexpr size_t kObjectIdChars = 32;
constexpr absl::string_view kObjectId = "{id}";

constexpr std::array<absl::string_view, 11> kEndpointNames = {
    "list_pcaps",       "create_pcap",     "get_pcap",          "stop_pcap",
    "download_pcap",    "list_ownerships", "create_ownership",  "validate_ownership",
    "delete_ownership", "unknown_route",   "method_not_allowed"};

struct Pattern {
  absl::string_view method;
  absl::string_view path;  // Below the account.
  Endpoint endpoint;
};

constexpr std::array<Pattern, 9> kPatterns = {{
    {"GET", "pcaps", Endpoint::kListPcaps},
    {"POST", "pcaps", Endpoint::kCreatePcap},
    {"GET", "pcaps/{id}", Endpoint::kGetPcap},
    {"PUT", "pcaps/{id}/stop", Endpoint::kStopPcap},
    {"GET", "pcaps/{id}/download", Endpoint::kDownloadPcap},
    {"GET", "pcaps/ownership", Endpoint::kListOwnerships},
    {"POST", "pcaps/ownership", Endpoint::kCreateOwnership},
    {"POST", "pcaps/ownership/validate", Endpoint::kValidateOwnership},
    {"DELETE", "pcaps/ownership/{id}", Endpoint::kDeleteOwnership},
}};

std::vector<std::string> Segments(absl::string_view target) {
  const auto url = boost::urls::parse_origin_form({target.data(), target.size()});
  std::vector<std::string> segments;
  if (url.has_error()) return segments;
  for (const std::string& segment : url->segments()) segments.push_back(segment);
  return segments;
}

// Whether `segments` from the fourth on are those of `pattern`; stores the id.
bool Matches(const Pattern& pattern, const std::vector<std::string>& segments, std::string& id) {
  const std::vector<absl::string_view> parts = absl::StrSplit(pattern.path, '/');
  return std::equal(parts.begin(), parts.end(), segments.begin() + 4, segments.end(),
                    [&](absl::string_view part, const std::string& segment) {
                      if (part != kObjectId) return part == segment;
                      id = segment;
                      return segment.size() == kObjectIdChars;
                    });
}

}  // namespace

absl::string_view EndpointName(Endpoint endpoint) {
  return kEndpointNames[static_cast<size_t>(endpoint)];
}

std::optional<Endpoint> EndpointByName(absl::string_view name) {
  const auto found = std::find(kEndpointNames.begin(), kEndpointNames.end(), name);
  if (found == kEndpointNames.end()) return std::nullopt;
  return static_cast<Endpoint>(found - kEndpointNames.begin());
}

Route ParseRoute(absl::string_view method, absl::string_view target) {
  const std::vector<std::string> segments = Segments(target);
  Route route;
  const bool below_account = segments.size() > 4 && segments[0] == "client" &&
                             segments[1] == "v4" && segments[2] == "accounts";
  if (!below_account) return route;
  if (segments[3].empty() || segments[3].size() > kMaxAccountIdChars) return route;
  route.account_id = segments[3];
  for (const Pattern& pattern : kPatterns) {
    std::string id;
    if (!Matches(pattern, segments, id)) continue;
    route.object_id = id;
    route.endpoint = Endpoint::kMethodNotAllowed;
    if (method == pattern.method) {
      route.endpoint = pattern.endpoint;
      break;
    }
  }
  return route;
}

}  // namespace pcaps::emulator
