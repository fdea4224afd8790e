#include "clients/gateway/pcapctl/doctor/host_checks.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "clients/base/tcp_dial.h"
#include "clients/gateway/pcapctl/doctor/url_address.h"
#include "service/callers.h"
#include "service/secret_file.h"
#include "service/tls_files.h"
#include "service/upstream_token.h"

namespace pcaps::pcapctl {
namespace {

// As the alert has it.
constexpr absl::Duration kRenewBefore = absl::Hours(7 * 24);
constexpr int kProxyPort = 1080;  // libcurl's, where the URL names none.

}  // namespace

std::string OnOneLine(const absl::Status& status) {
  return absl::StrReplaceAll(std::string(status.message()), {{":\n  ", ": "}, {"\n  ", "; "}});
}

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

Finding CheckTls(const Config::Tls& tls) {
  const Check check{"tls"};
  if (tls.cert_file.empty()) return check.Skip("tls.cert_file is not set");
  const auto files = ReadTlsFiles(tls);
  if (!files.ok()) {
    return check.Fail(std::string(files.status().message()),
                      "put the PEM file there (in a pod: mount the Secret), or correct the path");
  }
  const std::string until =
      absl::FormatTime(absl::RFC3339_sec, (*files)->not_after, absl::UTCTimeZone());
  if ((*files)->not_after < absl::Now() + kRenewBefore) {
    return check.Warn(absl::StrCat("the certificate expires at ", until),
                      "renew it; the gateway reads it again by itself");
  }
  return check.Ok(absl::StrCat("the certificate is good until ", until));
}

Finding CheckCallers(const Config::Auth& auth) {
  const Check check{"callers"};
  if (auth.mode == Config::AuthMode::kNone) {
    return check.Skip("auth.mode is none: nobody is identified");
  }
  const auto callers = ReadCallersFile(auth.callers_file);
  if (callers.ok()) return check.Ok(absl::StrCat((*callers)->size(), " in ", auth.callers_file));
  return check.Fail(OnOneLine(callers.status()),
                    "correct the file; the gateway keeps to the last good one until then");
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
