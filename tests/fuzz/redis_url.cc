// URLs of a Redis: what is accepted can be connected to, and a password in it is refused unseen.
// Input: the URL.
#include "clients/redis/redis_url.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

std::string UrlOf(const RedisAddress& address) {
  const bool v6 = absl::StrContains(address.host, ":");
  const std::string host = v6 ? address.host : absl::StrReplaceAll(address.host, {{"%", "%25"}});
  return absl::StrCat(address.tls ? "rediss" : "redis", "://", v6 ? "[" : "", host, v6 ? "]" : "",
                      ":", address.port, "/", address.database);
}

void CheckAddress(const RedisAddress& address) {
  Require(!address.host.empty(), "an address has a host");
  Require(address.port >= 1 && address.port <= 65535, "an address has a port");
  Require(address.database >= 0 && address.database <= 9999, "an address has a database");
  Require(IsOneLine(address.host), "a host is one line", address.host);
  // A name may have been percent-encoded, and is not when it is written again.
  const absl::StatusOr<RedisAddress> again = ParseRedisUrl(UrlOf(address));
  if (!again.ok()) return;
  Require(again->host == address.host && again->port == address.port && again->tls == address.tls &&
              again->database == address.database,
          "an address is read back the same", address.host);
}

void Feed(absl::string_view url) {
  const absl::StatusOr<RedisAddress> address = ParseRedisUrl(url);
  if (address.ok()) CheckAddress(*address);
  if (!address.ok()) Require(IsOneLine(address.status().message()), "an error is one line");
  const size_t authority = url.find("://");
  if (authority == absl::string_view::npos) return;
  // The same with a password in it.
  const std::string with_password =
      absl::StrCat(url.substr(0, authority + 3), "user:Planted0Word@", url.substr(authority + 3));
  const absl::Status refused = ParseRedisUrl(with_password).status();
  Require(!refused.ok(), "a password is refused", url);
  Require(!absl::StrContains(refused.message(), "Planted0Word"), "a password is not shown");
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pcaps::Feed({reinterpret_cast<const char*>(data), size});
  return 0;
}
