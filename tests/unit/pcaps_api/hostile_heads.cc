// Threats in status lines and headers.
#include "absl/strings/str_cat.h"
#include "tests/unit/pcaps_api/hostile.h"

namespace pcaps {
namespace {

using enum TestAnswer::Then;
using enum Ask;

const std::string kGood = R"({"success":true,"result":{"id":"p1"}})";
const std::string kStatusLine = "HTTP/1.1 200 OK\r\n";

// These bytes, and then so many of the others as the client takes.
TestAnswer Endless(const std::string& bytes, const std::string& filler) {
  return {.bytes = bytes, .filler = filler};
}

TestAnswer Hang(const std::string& bytes) { return {.bytes = bytes, .then = kHang}; }

// A good answer with one more header.
TestAnswer With(const std::string& header) { return Answer(200, kGood, header + "\r\n"); }

// A good answer with another status line.
TestAnswer Line(const std::string& line) {
  return {.bytes = absl::StrCat(line, "\r\nContent-Length: ", kGood.size(), "\r\n\r\n", kGood),
          .then = kClose};
}

TestAnswer Slowly(TestAnswer answer) {
  answer.piece = 1;
  answer.pause = std::chrono::milliseconds(100);  // In all far beyond any timeout here.
  return answer;
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

std::vector<Threat> HostileHeads() {
  using std::string_literals::operator""s;
  const std::string to_elsewhere = "Location: ELSEWHERE/accounts/acc/pcaps/p1\r\n";
  const std::string upgrade =
      "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
  const std::string any_bytes = "cf-ray: \xff\xfe\x80\x01\x7f";
  const std::string limits = "Ratelimit: " + Repeat("\"a\";r=1;t=1,", 2000) +
                             "\r\nRatelimit-Policy: " + Repeat("\"b\";q=1;w=1,", 2000);
  // clang-format off
  std::vector<Threat> threats = {
      // Without end.
      {"StatusLineWithoutEnd",        kGet,    Endless("HTTP/1.1 200 ", "x"), kBroken, 256 << 10, 3},
      {"HeaderWithoutEnd",            kGet,    Endless(kStatusLine + "X: ", "x"), kBroken, 256 << 10, 3},
      {"HeadersWithoutEnd",           kGet,    Endless(kStatusLine, "X-One: y\r\n"), kNonsense},
      {"FoldedHeaderWithoutEnd",      kGet,    Endless(kStatusLine + "X: y\r\n", " folded\r\n"), kNonsense},
      {"NamelessHeadersWithoutEnd",   kGet,    Endless(kStatusLine, ": y\r\n"), kNonsense},
      {"HeadThatEndsWithinALine",     kGet,    With("\rX: y"), kNonsense},
      {"HeadOfALineOfSpaces",         kGet,    With(" "), kOk},
      {"ContinueWithoutEnd",          kGet,    Endless("", "HTTP/1.1 100 Continue\r\n\r\n"), kNonsense},
      {"ContinueWithoutEndToAPost",   kCreate, Endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "CREATE_OUTCOME_UNKNOWN"},
      {"EarlyHintsWithoutEnd",        kGet,    Endless("", "HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n"), kNonsense},
      // Slow.
      {"Silence",                     kGet,    Hang(""), kUnavailable},
      {"SilenceInTheStatusLine",      kGet,    Hang("HTTP/1.1 2"), kUnavailable},
      {"SilenceAfterContinue",        kGet,    Hang("HTTP/1.1 100 Continue\r\n\r\n"), kUnavailable},
      {"HeadByteByByte",              kGet,    Slowly(With("X: y")), kUnavailable},
      // Another protocol.
      {"SwitchingProtocols",          kGet,    Endless(upgrade, "x"), kNonsense},
      {"SwitchingProtocolsAndSilence", kGet,   Hang(upgrade), kNonsense},
      {"NoHttp",                      kGet,    Endless("", "220 mail ready\r\n"), kNonsense, 256 << 10},
      {"NoHttpNorLines",              kGet,    Endless("", "x"), kNonsense, 256 << 10},
      {"BodyWithoutHead",             kGet,    {.bytes = kGood, .then = kClose}, kNonsense},
      {"StatusLineOfHttp2",           kGet,    Line("HTTP/2 200"), kNonsense},
      {"StatusLineOfHttp9",           kGet,    Line("HTTP/9.9 200 OK"), kNonsense},
      {"StatusLineOfIcy",             kGet,    Line("ICY 200 OK"), kNonsense},
      {"OtherServiceByAltSvc",        kGet,    With("Alt-Svc: http/1.1=\"ELSEWHERE\"; ma=9999"), kOk},
      {"OnlyTlsFromNowOn",            kGet,    With("Strict-Transport-Security: max-age=9999"), kOk},
      // Another place.
      {"RefreshElsewhere",            kGet,    With("Refresh: 0; url=ELSEWHERE"), kOk},
      {"LocationWithoutRedirect",     kGet,    With("Location: ELSEWHERE"), kOk},
      {"PostRedirectedElsewhere",     kCreate, Answer(307, "", to_elsewhere), kNonsense},
      {"DownloadRedirectedElsewhere", kDownload, Answer(302, "", to_elsewhere), kNonsense},
      {"ThroughAProxyElsewhere",      kGet,    Answer(305, "", to_elsewhere), kNonsense},
      {"TokenToAProxy",               kGet,    Answer(407, "", "Proxy-Authenticate: Basic realm=\"x\"\r\n"), kNonsense},
      {"AnotherWayToProveOneself",    kGet,    Answer(401, "", "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n"), "UPSTREAM_CREDENTIALS_REJECTED"},
      // Nonsense.
      {"Status000",                   kGet,    Line("HTTP/1.1 000 Zero"), kNonsense},
      {"Status099",                   kGet,    Line("HTTP/1.1 099 Low"), kNonsense},
      {"Status600",                   kGet,    Line("HTTP/1.1 600 High"), kNonsense},
      {"Status999",                   kGet,    Line("HTTP/1.1 999 High"), kNonsense},
      {"Status2000",                  kGet,    Line("HTTP/1.1 2000 Long"), kNonsense},
      {"StatusMinus1",                kGet,    Line("HTTP/1.1 -1 Low"), kNonsense},
      {"StatusIsAWord",               kGet,    Line("HTTP/1.1 okay"), kNonsense},
      {"NulInAHeader",                kGet,    With("X-Nul: a\0b"s), kNonsense},
      {"NulInTheNameOfAHeader",       kGet,    With("X\0Nul: ab"s), kNonsense},
      {"HeaderWithoutColon",          kGet,    With("no colon here"), kNonsense},
      {"CarriageReturnInAHeader",     kGet,    With("cf-ray: a\rb: c"), kOk},
      {"HeaderOfAnyBytes",            kGet,    With(any_bytes), kOk},
      {"HeaderOfAnyBytesInAnError",   kGet,    Answer(404, "", any_bytes + "\r\n"), "CAPTURE_NOT_FOUND"},
      {"ContentTypeOfAnyBytes",       kDownload, Answer(200, "file", "Content-Type: application/\xff\xfe\x01\r\n"), kOk},
      {"ManyRateLimits",              kGet,    With(limits), kOk},
      {"RetryAfterForEver",           kGet,    Answer(429, "", "Retry-After: inf\r\n"), "UPSTREAM_RATE_LIMITED"},
      {"RateLimitsThatAreNoNumbers",  kGet,    Answer(429, "", "Ratelimit: \"a\";r=-nan;t=1e999\r\n"), "UPSTREAM_RATE_LIMITED"},
      {"DateBeyondTime",              kList,   Answer(200, R"({"success":true,"result":[]})", "Date: infinite-future\r\n"), kOk},
  };
  // clang-format on
  for (const int status : {300, 301, 302, 303, 304, 307, 308}) {
    threats.push_back({absl::StrCat("RedirectedElsewhereBy", status), kGet,
                       Answer(status, "", to_elsewhere), kNonsense});
  }
  return threats;
}

}  // namespace pcaps
