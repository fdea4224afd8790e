#include "clients/redis/redis_url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "clients/base/port.h"

namespace pcaps {
namespace {

constexpr int kMaxDatabase = 9999;  // Redis has 16 unless told otherwise.

// Percent-encoded, a host can be anything; a resolver would stop at a NUL.
bool IsHost(absl::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(),
                                      [](unsigned char c) { return absl::ascii_isgraph(c); });
}

}  // namespace

absl::StatusOr<RedisAddress> ParseRedisUrl(absl::string_view url) {
  const std::string text(url);
  const auto parsed = boost::urls::parse_uri(text);
  const bool is_redis =
      parsed.has_value() && (parsed->scheme() == "redis" || parsed->scheme() == "rediss");
  if (!is_redis || !IsHost(parsed->host_address())) {
    return absl::InvalidArgumentError("must be a URL like redis://host:6379 or rediss://host:6379");
  }
  if (parsed->has_userinfo()) {
    return absl::InvalidArgumentError(
        "must hold no user or password: they belong into state.username and state.password_file");
  }
  if (parsed->has_query() || parsed->has_fragment()) {
    return absl::InvalidArgumentError("must have no query or fragment");
  }
  RedisAddress address;
  address.host = std::string(parsed->host_address());
  address.tls = parsed->scheme() == "rediss";
  if (parsed->has_port() && !parsed->port().empty()) {
    const std::optional<int> port = PortFrom(std::string(parsed->port()));
    if (!port.has_value()) return absl::InvalidArgumentError("must have a port of 1 to 65535");
    address.port = *port;
  }
  const std::string path(parsed->path());
  absl::string_view database = path;
  absl::ConsumePrefix(&database, "/");
  if (!database.empty() && (!absl::SimpleAtoi(database, &address.database) ||
                            address.database < 0 || address.database > kMaxDatabase)) {
    return absl::InvalidArgumentError("must end with the number of a database, or nothing");
  }
  return address;
}

}  // namespace pcaps
