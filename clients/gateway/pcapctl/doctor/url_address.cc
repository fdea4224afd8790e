#include "clients/gateway/pcapctl/doctor/url_address.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/port.h"

namespace pcaps::pcapctl {

absl::StatusOr<UrlAddress> AddressOfUrl(absl::string_view url, int default_port) {
  const std::string whole = absl::StrCat(absl::StrContains(url, "://") ? "" : "http://", url);
  const auto parsed = boost::urls::parse_uri(whole);
  if (!parsed.has_value() || parsed->host_address().empty()) {
    return absl::InvalidArgumentError("it is no URL");
  }
  UrlAddress address{std::string(parsed->host_address()), default_port};
  if (parsed->has_port() && !parsed->port().empty()) {
    const std::optional<int> port = PortFrom(std::string(parsed->port()));
    if (!port.has_value()) return absl::InvalidArgumentError("its port is not one of 1 to 65535");
    address.port = *port;
  }
  return address;
}

}  // namespace pcaps::pcapctl
