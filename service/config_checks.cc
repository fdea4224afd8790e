#include "service/config_checks.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/base/port.h"

namespace pcaps {
namespace {

// "host:port" or "[v6]:port"; false where the port is missing or no number.
bool SplitHostPort(absl::string_view text, std::string* host, int* port) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return false;
  if (!absl::SimpleAtoi(text.substr(colon + 1), port) || *port < 0 || *port > 65535) return false;
  absl::string_view name = text.substr(0, colon);
  if (absl::ConsumePrefix(&name, "[")) {
    if (!absl::ConsumeSuffix(&name, "]")) return false;
  } else if (absl::StrContains(name, ":")) {
    return false;
  }
  *host = std::string(name);
  return !host->empty();
}

bool IsLoopbackHost(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

// Whether the URL names a port that there is, or none.
bool HasSoundPort(const boost::urls::url_view& url) {
  return !url.has_port() || url.port().empty() || PortFrom(std::string(url.port())).has_value();
}

}  // namespace

void CheckListen(YamlSection& file, const Config& config) {
  std::string host;
  int port = 0;
  if (!SplitHostPort(config.listen, &host, &port)) {
    return file.Fail("listen", absl::StrCat("is '", config.listen, "'; it must be host:port"));
  }
  if (IsLoopbackHost(host) || config.auth.allow_insecure) return;
  const std::string reachable =
      absl::StrCat("is ", config.listen, ", which others can reach, and ");
  if (config.auth.mode == Config::AuthMode::kNone) {
    file.Fail("listen",
              absl::StrCat(reachable,
                           "callers are not identified: set auth.mode: mtls or token, listen on "
                           "127.0.0.1, or set auth.allow_insecure: true"));
  } else if (config.tls.cert_file.empty()) {
    file.Fail("listen",
              absl::StrCat(reachable,
                           "callers' tokens would pass in plain text: set tls.cert_file and "
                           "tls.key_file, listen on 127.0.0.1, or set auth.allow_insecure: true"));
  }
}

void CheckAdminListen(YamlSection& file, const Config& config) {
  const std::string& listen = config.admin_listen;
  std::string host;
  int port = 0;
  if (listen.empty()) return;
  if (!SplitHostPort(listen, &host, &port)) {
    return file.Fail("admin_listen",
                     absl::StrCat("is '", listen, "'; it must be host:port, or empty"));
  }
  if (port != 0 && listen == config.listen) file.Fail("admin_listen", "is the same as listen");
}

void CheckTls(YamlSection& section, const Config::Tls& tls) {
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    section.Fail(tls.cert_file.empty() ? "key_file" : "cert_file",
                 "needs the other one of cert_file and key_file");
  } else if (tls.cert_file.empty() && !tls.client_ca_file.empty()) {
    section.Fail("client_ca_file", "needs cert_file and key_file");
  }
}

void CheckAuth(YamlSection& file, const Config& config) {
  const bool mtls = config.auth.mode == Config::AuthMode::kMtls;
  if (mtls && (config.tls.cert_file.empty() || config.tls.client_ca_file.empty())) {
    file.Fail("auth", "has mode mtls, which needs tls.cert_file, key_file and client_ca_file");
  }
  if (config.auth.mode == Config::AuthMode::kNone) {
    if (config.auth.callers_file.empty()) return;
    file.Fail("auth", "has a callers_file, which is of use with mode mtls or token only");
  } else if (config.auth.callers_file.empty()) {
    file.Fail("auth",
              absl::StrCat("has mode ", mtls ? "mtls" : "token",
                           ", which needs callers_file: who may call, and for which accounts"));
  }
}

// What a proxy may look like is libcurl's to say; but a port that there is not would fail every
// call.
void CheckProxy(YamlSection& section, const std::string& proxy) {
  const std::string whole = absl::StrCat(absl::StrContains(proxy, "://") ? "" : "http://", proxy);
  const auto url = boost::urls::parse_uri(whole);
  if (url.has_value() && !HasSoundPort(*url)) {
    section.Fail("proxy", "must have a port of 1 to 65535");
  }
}

void CheckBaseUrl(YamlSection& section, const Config::Upstream& upstream) {
  const auto url = boost::urls::parse_uri(upstream.base_url);
  if (!url.has_value() || url->host().empty()) {
    return section.Fail("base_url", "must be a URL like https://api.cloudflare.com/client/v4");
  }
  if (url->has_userinfo() || url->has_query() || url->has_fragment()) {
    return section.Fail("base_url", "must have no user, query or fragment");
  }
  if (!HasSoundPort(*url)) return section.Fail("base_url", "must have a port of 1 to 65535");
  if (url->scheme_id() == boost::urls::scheme::https) return;
  if (url->scheme_id() != boost::urls::scheme::http) {
    return section.Fail("base_url", "must begin with https://");
  }
  // A URL writes IPv6 addresses in brackets.
  std::string host(url->host_address());
  if (!IsLoopbackHost(host) && !upstream.allow_plaintext) {
    section.Fail("base_url",
                 "is plain http, which would show our token to the network: use https://, or set "
                 "upstream.allow_plaintext: true for an emulator");
  }
}

void CheckCredentials(YamlSection& section, const Config::Upstream& upstream) {
  if (upstream.credentials.empty()) section.Fail("credentials", "must name at least one");
  std::set<std::string> budgets;
  for (const Config::Budget& budget : upstream.budgets) budgets.insert(budget.name);
  std::set<std::string> names;
  std::set<std::string> accounts;
  for (const Config::Credential& credential : upstream.credentials) {
    if (!names.insert(credential.name).second) {
      section.Fail("credentials", absl::StrCat("names '", credential.name, "' twice"));
    }
    if (budgets.count(credential.budget) == 0) {
      section.Fail("credentials", absl::StrCat("'", credential.name, "' names the budget '",
                                               credential.budget, "', which budgets lacks"));
    }
    if (credential.accounts.empty()) {
      section.Fail("credentials", absl::StrCat("'", credential.name, "' has no accounts"));
    }
    for (const std::string& account : credential.accounts) {
      if (!accounts.insert(account).second) {
        section.Fail("credentials", absl::StrCat("give account '", account, "' twice"));
      }
    }
  }
}

bool IsLoopback(absl::string_view host_port) {
  std::string host;
  int port = 0;
  return SplitHostPort(host_port, &host, &port) && IsLoopbackHost(host);
}

}  // namespace pcaps
