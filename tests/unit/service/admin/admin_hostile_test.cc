// What peers may do that mean no good to the admin port, or know no better.
#include "tests/unit/service/admin/admin_fixture.h"

namespace pcaps {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using AdminHostileTest = AdminServerTest;

// However the connection of `peer` has fared, the next one is served.
#define EXPECT_GOES_ON() EXPECT_THAT(Connect().Get("/show"), HasSubstr("path /show"))

TEST_F(AdminHostileTest, ARequestThatDripsInIsNotWaitedFor) {
  AdminOptions options = Patient();
  options.times.request = absl::Milliseconds(200);
  Start(options);
  RawPeer peer = Connect();
  peer.Send("GET /show HTTP/1.1\r\nX-Slow: ");
  while (!peer.HasInput(/*wait_ms=*/10)) peer.Send("a");
  EXPECT_THAT(peer.ReadToEnd(), IsEmpty());
  EXPECT_GOES_ON();
}

TEST_F(AdminHostileTest, AConnectionWithoutARequestIsNotKept) {
  AdminOptions options = Patient();
  options.times.request = absl::Milliseconds(50);
  Start(options);
  EXPECT_THAT(Connect().ReadToEnd(), IsEmpty());
}

TEST_F(AdminHostileTest, AnIdleConnectionIsNotKept) {
  AdminOptions options = Patient();
  options.times.idle = absl::Milliseconds(50);
  Start(options);
  RawPeer peer = Connect();
  EXPECT_THAT(peer.Get("/show"), HasSubstr("path /show"));
  EXPECT_THAT(peer.ReadToEnd(), IsEmpty());
}

TEST_F(AdminHostileTest, AReaderThatDoesNotReadIsNotWaitedFor) {
  AdminOptions options = Patient();
  options.max_connections = 1;  // So that another one is served only once this one is gone,
  options.times.write = absl::Milliseconds(100);
  Start(options);
  RawPeer peer = Connect();
  peer.Send("GET /big HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(peer.HasInput(/*wait_ms=*/-1));  // which it is not before it is answered.
  while (Connect().Get("/show").empty()) {
  }
  EXPECT_LT(peer.ReadToEnd().size(), kBigPage);
}

TEST_F(AdminHostileTest, AHugeHeadIsRefused) {
  Start();
  for (const std::string& head :
       {absl::StrCat("GET /", std::string(1 << 20, 'a')),
        absl::StrCat("GET /show HTTP/1.1\r\nX: ", std::string(9 << 10, 'a'), "\r\n\r\n")}) {
    RawPeer peer = Connect();
    peer.Send(head);
    EXPECT_THAT(peer.ReadToEnd(), StartsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  }
  EXPECT_THAT(Connect().Get(absl::StrCat("/show?", std::string(7 << 10, 'a'))),
              StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_GOES_ON();
}

TEST_F(AdminHostileTest, NonsenseIsRefused) {
  Start();
  for (const std::string& nonsense :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),  // TLS.
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("GET /show\r\n\r\n"),
        std::string("GET /show HTTP/1.1\r\nno colon\r\n\r\n"),
        std::string("GET /show HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("GET /sh\0ow HTTP/1.1\r\n\r\n", 23),
        std::string("\0\0\0\0\0\0\0\0\r\n\r\n", 12)}) {
    RawPeer peer = Connect();
    peer.Send(nonsense);
    EXPECT_THAT(peer.ReadToEnd(), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << nonsense;
  }
  EXPECT_THAT(Connect().Get("show"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(Connect().Get("/%zz"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_GOES_ON();
}

TEST_F(AdminHostileTest, ABodyIsRefusedUnread) {
  Start();
  for (const char* const request :
       {"GET /show HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        "POST /show HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        "GET /show HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /show "
        "HTTP/1.1\r\n\r\n",
        "PUT /show HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"}) {
    RawPeer peer = Connect();
    peer.Send(request);
    const std::string answer = peer.ReadToEnd();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 Payload Too Large\r\n")) << request;
    EXPECT_THAT(answer, EndsWith("\r\n\r\na request must have no body\n")) << request;
  }
  RawPeer peer = Connect();
  peer.Send("GET /show HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(peer.Read(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminHostileTest, TwoLengthsAreNotChosenFrom) {
  Start();
  for (const char* const request :
       {"GET /show HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /show HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"}) {
    RawPeer peer = Connect();
    peer.Send(request);
    EXPECT_THAT(peer.ReadToEnd(), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << request;
  }
}

TEST_F(AdminHostileTest, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  constexpr int kRequests = 1000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    absl::StrAppend(&requests, "GET /show?", i, " HTTP/1.1\r\nHost: admin\r\n\r\n");
  }
  RawPeer peer = Connect();
  peer.Send(requests);
  for (int i = 0; i < kRequests; ++i) {
    EXPECT_THAT(peer.Read(), EndsWith(absl::StrCat("query ", i, "\n")));
  }
}

TEST_F(AdminHostileTest, WhoSaysNoMoreIsStillAnswered) {
  Start();
  RawPeer peer = Connect();
  peer.Send("GET /show HTTP/1.1\r\n\r\n");
  peer.SendEnd();
  EXPECT_THAT(peer.ReadToEnd(), EndsWith("path /show query \n"));
  RawPeer half = Connect();
  half.Send("GET /show HT");
  half.SendEnd();
  EXPECT_THAT(half.ReadToEnd(), IsEmpty());
}

TEST_F(AdminHostileTest, ConnectionsThatOnlyStandThereLockNobodyOut) {
  AdminOptions options = Patient();
  options.max_connections = 2;
  Start(options);
  RawPeer first = Connect();
  EXPECT_THAT(first.Get("/show"), HasSubstr("path /show"));
  RawPeer second = Connect();
  EXPECT_THAT(second.Get("/show"), HasSubstr("path /show"));
  RawPeer third = Connect();
  EXPECT_THAT(third.Get("/show"), HasSubstr("path /show"));
  EXPECT_THAT(first.ReadToEnd(), IsEmpty());
  EXPECT_EQ(server_->closed_over_limit(), 1);
  EXPECT_THAT(second.Get("/show"), HasSubstr("path /show"));
}

TEST_F(AdminHostileTest, ANewConnectionTakesNothingFromThoseThatAreServed) {
  AdminOptions options = Patient();
  options.max_connections = 1;
  Start(options);
  RawPeer served = Connect();
  served.Send("GET /hangs HTTP/1.1\r\n\r\n");
  hanging_.acquire();
  EXPECT_THAT(Connect().ReadToEnd(), IsEmpty());
  EXPECT_EQ(server_->closed_over_limit(), 1);
  EXPECT_FALSE(served.HasInput(/*wait_ms=*/0));
}

}  // namespace
}  // namespace pcaps
