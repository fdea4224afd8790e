#include "clients/gateway/pcapctl/doctor/host_checks.h"

#include "absl/strings/str_cat.h"
#include "clients/base/tcp_dial.h"
#include "clients/gateway/pcapctl/doctor/url_address.h"
#include "service/secret_file.h"
#include "service/upstream_token.h"

namespace pcaps::pcapctl {
namespace {

constexpr int kProxyPort = 1080;  // libcurl's, where the URL names none.

}  // namespace

Finding CheckToken(const Config::Credential& credential) {
  const Check check{"token", credential.name};
  const std::string& file = credential.token_file;
  const std::string place = file.empty() ? "the environment variable" : file;
  const absl::StatusOr<Token> token = ReadToken(credential);
  if (token.ok()) {
    if (!file.empty() && IsWorldReadable(file)) {
      return check.Warn(absl::StrCat(file, " can be read by every user of this machine"),
                        absl::StrCat("chmod o= ", file, " (in a pod: the volume's defaultMode)"));
    }
    return check.Ok(absl::StrCat("is there, in ", place));
  }
  const std::string words(token.status().message());
  if (absl::IsPermissionDenied(token.status())) {
    return check.Fail(words, "let the gateway's user read it, and run this as that user");
  }
  if (absl::IsNotFound(token.status())) {
    return check.Fail(words, file.empty()
                                 ? "set it here as it is set for the gateway, or set token_file"
                                 : "create it (in a pod: mount the Secret), or correct token_file");
  }
  return check.Fail(words, "put the API token there, and nothing else");
}

Finding CheckProxy(const Config::Upstream& upstream) {
  const Check check{"proxy"};
  if (upstream.proxy.empty()) return check.Skip("upstream.proxy is not set");
  const absl::StatusOr<UrlAddress> proxy = AddressOfUrl(upstream.proxy, kProxyPort);
  if (!proxy.ok()) {
    return check.Fail(absl::StrCat("upstream.proxy: ", std::string(proxy.status().message())),
                      "write it as http://host:port");
  }
  const auto socket = DialTcp(proxy->host, proxy->port, upstream.connect_timeout);
  if (socket.ok()) return check.Ok(absl::StrCat(proxy->host, ":", proxy->port, " listens"));
  const std::string words(socket.status().message());
  if (absl::IsNotFound(socket.status())) {
    return check.Fail(words, "correct the name in upstream.proxy, or the DNS");
  }
  return check.Fail(words, "start the proxy, correct upstream.proxy, or open the way to it");
}

}  // namespace pcaps::pcapctl
