#include "service/admin/admin_server.h"

#include <vector>

#include "tests/unit/service/admin/admin_fixture.h"

namespace pcaps {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(AdminServerTest, AnswersWithThePage) {
  Start();
  const std::string answer = Connect().Get("/show?a=1&b=%20");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\npath /show query a=1&b=%20\n"));
}

TEST_F(AdminServerTest, KeepsAConnectionForTheNextRequest) {
  Start();
  RawPeer peer = Connect();
  for (int i = 0; i < 100; ++i) EXPECT_THAT(peer.Get("/show"), HasSubstr("path /show"));
}

TEST_F(AdminServerTest, ClosesAConnectionThatIsAskedToBe) {
  Start();
  RawPeer peer = Connect();
  peer.Send("GET /show HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string answer = peer.ReadToEnd();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("path /show"));
}

TEST_F(AdminServerTest, SpeaksHttp10) {
  Start();
  RawPeer closed = Connect();
  closed.Send("GET /show HTTP/1.0\r\n\r\n");
  EXPECT_THAT(closed.ReadToEnd(), EndsWith("path /show query \n"));
  RawPeer kept = Connect();
  for (int i = 0; i < 2; ++i) {
    kept.Send("GET /show HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(kept.Read(), HasSubstr("Connection: keep-alive\r\n"));
  }
}

TEST_F(AdminServerTest, AnswersHeadWithoutABody) {
  Start();
  RawPeer peer = Connect();
  peer.Send("HEAD /show HTTP/1.1\r\n\r\n");
  EXPECT_THAT(peer.Read(/*with_body=*/false), HasSubstr("Content-Length: 18\r\n"));
  EXPECT_THAT(peer.Get("/show"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminServerTest, TakesTheUrlThatAProxyIsAskedFor) {
  Start();
  RawPeer peer = Connect();
  EXPECT_THAT(peer.Get("http://admin:8080/show?q"), EndsWith("path /show query q\n"));
  EXPECT_THAT(peer.Get("http://admin:8080"), HasSubstr("text/html"));
}

TEST_F(AdminServerTest, ListsItsPages) {
  Start();
  RawPeer peer = Connect();
  EXPECT_THAT(peer.Get("/"), HasSubstr("<a href=\"/show\">/show</a>"));
  const std::string answer = peer.Get("/nothing");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(answer, EndsWith("there is no such page; there are:\n/big\n/hangs\n/show\n"));
}

TEST_F(AdminServerTest, OnlyGivesPages) {
  Start();
  RawPeer peer = Connect();
  for (const char* const line : {"POST /show", "DELETE /nothing", "OPTIONS *", "BREW /pot"}) {
    peer.Send(absl::StrCat(line, " HTTP/1.1\r\n\r\n"));
    const std::string answer = peer.Read();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  }
}

TEST_F(AdminServerTest, DoesNotWaitForAPageThatHangs) {
  AdminOptions options = Patient();
  options.page_timeout = absl::Milliseconds(50);
  Start(options);
  const std::string answer = Connect().Get("/hangs");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, EndsWith("the page did not come within 0.05 s\n"));
}

TEST_F(AdminServerTest, AnswersOthersWhileAPageHangs) {
  Start();
  RawPeer waiting = Connect();
  waiting.Send("GET /hangs HTTP/1.1\r\n\r\n");
  hanging_.acquire();
  EXPECT_THAT(Connect().Get("/show"), HasSubstr("path /show"));
}

TEST_F(AdminServerTest, LeavesABoundedNumberOfHangingPagesBehind) {
  Start();
  std::vector<RawPeer> waiting;
  for (int i = 0; i < 16; ++i) {
    waiting.push_back(Connect());
    waiting.back().Send("GET /hangs HTTP/1.1\r\n\r\n");
    hanging_.acquire();
  }
  const std::string answer = Connect().Get("/hangs");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, EndsWith("16 others wait for this page already\n"));
}

TEST_F(AdminServerTest, StopsWithItsConnections) {
  Start();
  RawPeer idle = Connect();
  idle.Get("/show");
  RawPeer waiting = Connect();
  waiting.Send("GET /hangs HTTP/1.1\r\n\r\n");
  hanging_.acquire();
  server_->Stop();
  EXPECT_THAT(idle.ReadToEnd(), IsEmpty());
  EXPECT_THAT(waiting.ReadToEnd(), IsEmpty());
  EXPECT_TRUE(ListenOn(absl::StrCat("127.0.0.1:", port_)).ok());
}

TEST_F(AdminServerTest, SaysWhichKeyToChangeWhereItCannotListen) {
  Start();
  AdminServer second(loop_.executor(), {});
  const std::string listen = absl::StrCat("127.0.0.1:", port_);
  const absl::Status status = second.Start(listen).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  const std::string message(status.message());
  EXPECT_THAT(message, StartsWith(absl::StrCat("cannot listen on ", listen, ": ")));
  EXPECT_THAT(message, EndsWith("; change admin_listen"));
}

TEST_F(AdminServerTest, ListensOnNamesAndOnEveryAddress) {
  for (const char* const host : {"localhost", "[::]", "0.0.0.0"}) {
    AdminServer server(loop_.executor(), {});
    const absl::StatusOr<std::string> listening = server.Start(absl::StrCat(host, ":0"));
    ASSERT_TRUE(listening.ok()) << listening.status();
    EXPECT_THAT(*listening, StartsWith(absl::StrCat(host, ":")));
    int port = 0;
    ASSERT_TRUE(absl::SimpleAtoi(listening->substr(listening->rfind(':') + 1), &port));
    EXPECT_THAT(RawPeer(port).Get("/"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

}  // namespace
}  // namespace pcaps
