#include "clients/gateway/pcapctl/doctor/host_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "clients/gateway/pcapctl/doctor/url_address.h"
#include "tests/integration/support/certificate.h"

namespace pcaps::pcapctl {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TokenCheck, MissingOnesAreToldWithTheirPlace) {
  const Finding file = CheckToken({.name = "main", .token_file = "/nowhere/token"});
  EXPECT_EQ(file.verdict, Verdict::kFail);
  EXPECT_EQ(file.subject, "main");
  EXPECT_THAT(file.message, HasSubstr("/nowhere/token"));
  EXPECT_THAT(file.fix, HasSubstr("mount the Secret"));
  unsetenv("CLOUDFLARE_API_TOKEN");
  EXPECT_THAT(CheckToken({}).fix, HasSubstr("set it here"));
  setenv("CLOUDFLARE_API_TOKEN", "two words", 1);
  EXPECT_THAT(CheckToken({}).message, HasSubstr("white space"));
  setenv("CLOUDFLARE_API_TOKEN", "s3cret", 1);
  EXPECT_EQ(CheckToken({}).verdict, Verdict::kOk);
  EXPECT_THAT(CheckToken({}).message, Not(HasSubstr("s3cret")));
  unsetenv("CLOUDFLARE_API_TOKEN");
}

TEST(CallersCheck, SaysWhatIsWrongOnOneLine) {
  Config::Auth auth;
  EXPECT_EQ(CheckCallers(auth).verdict, Verdict::kSkip);
  auth.mode = Config::AuthMode::kToken;
  const integration::TempDir directory;
  auth.callers_file = directory.Write("callers.yaml", "callers: [{name: a}, {name: a}]");
  const Finding broken = CheckCallers(auth);
  EXPECT_EQ(broken.verdict, Verdict::kFail);
  EXPECT_THAT(broken.message, HasSubstr("is another caller's"));
  EXPECT_THAT(broken.message, Not(HasSubstr("\n")));
  auth.callers_file = directory.Write(
      "callers.yaml",
      "callers: [{name: a, identities: ['dns:a'], accounts: [x], permission: read}]");
  EXPECT_EQ(CheckCallers(auth).verdict, Verdict::kOk);
  EXPECT_THAT(CheckCallers(auth).message, HasSubstr("1 in"));
}

TEST(TlsCheck, SaysHowLongTheCertificateIsGood) {
  EXPECT_EQ(CheckTls({}).verdict, Verdict::kSkip);
  const integration::Certificate certificate;  // For an hour.
  const Finding soon = CheckTls({certificate.file(), certificate.key_file(), ""});
  EXPECT_EQ(soon.verdict, Verdict::kWarning);
  EXPECT_THAT(soon.message, HasSubstr("expires at 20"));
  EXPECT_EQ(CheckTls({certificate.file(), certificate.file(), ""}).verdict, Verdict::kFail);
}

TEST(ProxyCheck, ConnectsToIt) {
  Config::Upstream upstream;
  EXPECT_EQ(CheckProxy(upstream).verdict, Verdict::kSkip);
  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string address = absl::StrCat("127.0.0.1:", acceptor.local_endpoint().port());
  upstream.proxy = absl::StrCat("http://", address);
  EXPECT_EQ(CheckProxy(upstream).verdict, Verdict::kOk);
  acceptor.close();
  upstream.proxy = absl::StrCat("http://user:hunter2@", address);
  const Finding refused = CheckProxy(upstream);
  EXPECT_EQ(refused.verdict, Verdict::kFail);
  EXPECT_THAT(refused.message, HasSubstr(address));
  EXPECT_THAT(refused.message, Not(HasSubstr("hunter2")));
  upstream.proxy = "http://:hunter2 x";
  EXPECT_THAT(CheckProxy(upstream).fix, HasSubstr("http://host:port"));
  EXPECT_THAT(CheckProxy(upstream).message, Not(HasSubstr("hunter2")));
}

TEST(UrlAddress, IsHostAndPort) {
  const auto address = [](absl::string_view url) {
    const auto parsed = AddressOfUrl(url, 443);
    return parsed.ok() ? absl::StrCat(parsed->host, " ", parsed->port) : "none";
  };
  EXPECT_EQ(address("https://api.example/client/v4"), "api.example 443");
  EXPECT_EQ(address("http://[::1]:8081/x"), "::1 8081");
  EXPECT_EQ(address("proxy:3128"), "proxy 3128");
  EXPECT_EQ(address("proxy:65535"), "proxy 65535");
  for (const char* url : {"proxy:0", "proxy:65536", "http://proxy:65616", "http://proxy:99999"}) {
    EXPECT_EQ(address(url), "none") << url;
  }
  EXPECT_EQ(address("http://"), "none");
  EXPECT_EQ(address("http://a b"), "none");
}

}  // namespace
}  // namespace pcaps::pcapctl
