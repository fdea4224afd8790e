// Over real sockets: every endpoint, and every fault as a client meets it.
#include "tests/emulator/http_server.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/unit/emulator/parsed_pcap.h"
#include "tests/unit/emulator/server_thread.h"
#include "tests/unit/emulator/test_client.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using Client = TestClient<tcp::socket>;

constexpr char kBase[] = "/client/v4/accounts/acct/pcaps";
constexpr char kSimple[] =
    R"({"type":"simple","system":"magic-transit","time_limit":60,"packet_limit":100})";

// Captures are done at once, so that no test waits.
EmulatorOptions Instant() {
  EmulatorOptions options;
  options.pace.simple_duration = absl::ZeroDuration();
  options.rules.enabled = false;
  return options;
}

class HttpServerTest : public testing::Test {
 protected:
  Client Connect() { return Client(ConnectTo(loop_, server_.port())); }

  void SetFault(const std::string& fault) {
    EXPECT_EQ(Connect().Call("POST", "/__emulator/faults", fault).result_int(), 200U) << fault;
  }

  // A capture made before any fault is set.
  std::string CreateCapture() {
    const auto created = Connect().Call("POST", kBase, kSimple);
    return json::value_to<std::string>(json::parse(created.body()).at("result").at("id"));
  }

  int64_t CapturesCreated() {
    const auto stats = Connect().Call("GET", "/__emulator/stats");
    return json::parse(stats.body()).at("captures_created").as_int64();
  }

  std::string Path(const std::string& id, const std::string& rest = "") {
    return absl::StrCat(kBase, "/", id, rest);
  }

  boost::asio::io_context loop_;
  ServerThread server_{Instant()};
};

TEST_F(HttpServerTest, ServesEveryEndpointOverOneConnection) {
  Client client = Connect();
  const auto created = client.Call("POST", kBase, kSimple);
  ASSERT_EQ(created.result_int(), 200U);
  EXPECT_EQ(created["content-type"], "application/json");
  const std::string id =
      json::value_to<std::string>(json::parse(created.body()).at("result").at("id"));
  EXPECT_EQ(client.Call("GET", kBase).result_int(), 200U);
  EXPECT_EQ(client.Call("GET", Path(id)).result_int(), 200U);
  EXPECT_EQ(client.Call("PUT", Path(id, "/stop")).result_int(), 400U);
  const auto file = client.Call("GET", Path(id, "/download"));
  EXPECT_EQ(file["content-type"], "application/vnd.tcpdump.pcap");
  EXPECT_EQ(file["content-length"], std::to_string(file.body().size()));
  EXPECT_TRUE(ParsePcap(file.body()).has_value());

  const std::string ownerships = absl::StrCat(kBase, "/ownership");
  const auto added = client.Call("POST", ownerships, R"({"destination_conf":"gs://b"})");
  const json::value ownership = json::parse(added.body()).at("result");
  const std::string proof = absl::StrCat(R"({"destination_conf":"gs://b","ownership_challenge":)",
                                         json::serialize(ownership.at("filename")), "}");
  EXPECT_EQ(client.Call("POST", ownerships + "/validate", proof).result_int(), 200U);
  EXPECT_EQ(client.Call("GET", ownerships).result_int(), 200U);
  const auto deleted = client.Call(
      "DELETE", absl::StrCat(ownerships, "/", std::string(ownership.at("id").as_string())));
  EXPECT_EQ(deleted.result_int(), 204U);
  EXPECT_EQ(deleted.count("content-length"), 0U);
  EXPECT_EQ(client.Call("GET", kBase).result_int(), 200U);

  const json::value stats = json::parse(client.Call("GET", "/__emulator/stats").body());
  EXPECT_EQ(stats.at("connections"), 1);
  EXPECT_EQ(stats.at("total"), 10);
}

TEST_F(HttpServerTest, TheSameCaptureIsTheSameFileEveryTime) {
  const std::string id = CreateCapture();
  const std::string first = Connect().Call("GET", Path(id, "/download")).body();
  EXPECT_EQ(Connect().Call("GET", Path(id, "/download")).body(), first);
  SetFault(R"({"endpoint":"download_pcap","fault":"changed_content"})");
  const std::string changed = Connect().Call("GET", Path(id, "/download")).body();
  EXPECT_NE(changed, first);
  EXPECT_TRUE(ParsePcap(changed).has_value());
}

TEST_F(HttpServerTest, LargeFilesComeWholeWithALengthOrChunked) {
  const std::string id = CreateCapture();
  for (const char* chunked : {"false", "true"}) {
    const std::string order = absl::StrCat(R"({"account":"acct","pcap_id":")", id,
                                           R"(","bytes":5000000,"chunked":)", chunked, "}");
    ASSERT_EQ(Connect().Call("POST", "/__emulator/files", order).result_int(), 200U);
    Client client = Connect();
    const auto file = client.Call("GET", Path(id, "/download"));
    EXPECT_FALSE(client.error()) << client.error().message();
    EXPECT_EQ(file.chunked(), std::string(chunked) == "true");
    EXPECT_NEAR(static_cast<double>(file.body().size()), 5e6, 2000);
    EXPECT_TRUE(ParsePcap(file.body()).has_value());
  }
}

TEST_F(HttpServerTest, ResetBeforeLosesTheRequestAndResetAfterOnlyTheAnswer) {
  SetFault(R"({"endpoint":"create_pcap","fault":"reset_before","count":1})");
  Client before = Connect();
  before.Call("POST", kBase, kSimple);
  EXPECT_EQ(before.error(), boost::asio::error::connection_reset);
  EXPECT_EQ(CapturesCreated(), 0);
  SetFault(R"({"endpoint":"create_pcap","fault":"reset_after","count":1})");
  Client after = Connect();
  after.Call("POST", kBase, kSimple);
  EXPECT_EQ(after.error(), boost::asio::error::connection_reset);
  EXPECT_EQ(CapturesCreated(), 1);
}

TEST_F(HttpServerTest, ResetDuringSendsAPartOfTheAnswer) {
  SetFault(R"({"endpoint":"create_pcap","fault":"reset_during","bytes":10})");
  Client client = Connect();
  client.Send("POST", kBase, kSimple);
  const std::string part = client.ReadToEnd();
  EXPECT_EQ(client.error(), boost::asio::error::connection_reset);
  // A reset may overtake what was sent before it, but never adds to it.
  EXPECT_TRUE(part.empty() || absl::EndsWith(part, "\r\n\r\n{\"success\""));
  EXPECT_EQ(CapturesCreated(), 1);
}

TEST_F(HttpServerTest, TruncateEndsInOrderBeforeTheBodyDoes) {
  SetFault(R"({"endpoint":"list_pcaps","fault":"truncate","bytes":10})");
  Client client = Connect();
  client.Send("GET", kBase);
  const std::string part = client.ReadToEnd();
  EXPECT_EQ(client.error(), boost::asio::error::eof);
  EXPECT_TRUE(absl::StrContains(part, "Content-Length: 121\r\n"));
  EXPECT_TRUE(absl::EndsWith(part, "\r\n\r\n{\"success\""));
}

TEST_F(HttpServerTest, TruncatedChunksLackTheLastOne) {
  const std::string id = CreateCapture();
  Connect().Call(
      "POST", "/__emulator/files",
      absl::StrCat(R"({"account":"acct","pcap_id":")", id, R"(","bytes":100000,"chunked":true})"));
  SetFault(R"({"endpoint":"download_pcap","fault":"truncate"})");
  Client client = Connect();
  client.Call("GET", Path(id, "/download"));
  EXPECT_EQ(client.error(), http::error::partial_message);
}

TEST_F(HttpServerTest, CloseAfterAnswersWholeAndThenCloses) {
  SetFault(R"({"endpoint":"create_pcap","fault":"close_after","count":1})");
  Client client = Connect();
  const auto created = client.Call("POST", kBase, kSimple);
  EXPECT_EQ(created.result_int(), 200U);
  EXPECT_TRUE(created.keep_alive());
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(client.error(), boost::asio::error::eof);
}

TEST_F(HttpServerTest, CloseIdleNeverReadsTheNextRequest) {
  SetFault(R"({"endpoint":"list_pcaps","fault":"close_idle","latency_ms":50,"count":1})");
  Client client = Connect();
  EXPECT_EQ(client.Call("GET", kBase).result_int(), 200U);
  client.Call("POST", kBase, kSimple);
  EXPECT_TRUE(client.error());
  EXPECT_EQ(CapturesCreated(), 0);
}

TEST_F(HttpServerTest, NoLengthEndsTheBodyWithTheConnection) {
  SetFault(R"({"endpoint":"list_pcaps","fault":"no_length"})");
  Client client = Connect();
  const auto listed = client.Call("GET", kBase);
  EXPECT_FALSE(client.error()) << client.error().message();
  EXPECT_EQ(listed.count("content-length"), 0U);
  EXPECT_FALSE(listed.chunked());
  EXPECT_TRUE(json::parse(listed.body()).at("success").as_bool());
}

TEST_F(HttpServerTest, BadLengthSendsMoreThanItSays) {
  SetFault(R"({"endpoint":"list_pcaps","fault":"bad_length","bytes":10,"count":1})");
  Client client = Connect();
  EXPECT_EQ(client.Call("GET", kBase).body(), "{\"success\"");
  client.Call("GET", kBase);  // Meets the rest of the first body.
  EXPECT_TRUE(client.error());
}

TEST_F(HttpServerTest, GarbageIsNotHttp) {
  SetFault(R"({"endpoint":"list_pcaps","fault":"garbage","bytes":100})");
  Client client = Connect();
  client.Send("GET", kBase);
  EXPECT_EQ(client.ReadToEnd(), std::string(100, '\x7F'));
}

TEST_F(HttpServerTest, LatencyAndTricklesTakeTheirTime) {
  const auto time = [&](const std::string& fault) {
    SetFault(fault);
    const absl::Time begin = absl::Now();
    Client client = Connect();
    EXPECT_EQ(client.Call("GET", kBase).result_int(), 200U);
    EXPECT_FALSE(client.error()) << client.error().message();
    return absl::Now() - begin;
  };
  EXPECT_GE(time(R"({"clear":true,"fault":"latency","latency_ms":100})"), absl::Milliseconds(100));
  // 121 bytes of body; a head of some 250.
  EXPECT_GE(time(R"({"clear":true,"fault":"slow_body","bytes_per_second":1000})"),
            absl::Milliseconds(100));
  EXPECT_GE(time(R"({"clear":true,"fault":"slow_headers","bytes_per_second":2000})"),
            absl::Milliseconds(100));
}

TEST_F(HttpServerTest, StatusSpeaksLikeTheApi) {
  SetFault(R"({"fault":"status","status":429,"code":10429,"message":"slow down","retry_after":7,)"
           R"("error_chain":[{"code":6111,"message":"x"}]})");
  const auto refused = Connect().Call("GET", kBase);
  EXPECT_EQ(refused.result_int(), 429U);
  EXPECT_EQ(refused["retry-after"], "7");
  EXPECT_EQ(refused.count("cf-ray"), 1U);
  EXPECT_EQ(refused.body(),
            R"({"success":false,"errors":[{"code":10429,"message":"slow down","error_chain":)"
            R"([{"code":6111,"message":"x"}]}],"messages":[],"result":null})");
}

TEST_F(HttpServerTest, DistortedAnswersAreStillHttp) {
  const std::string id = CreateCapture();
  const auto get = [&](const std::string& fault) {
    SetFault(absl::StrCat(R"({"clear":true,"endpoint":"get_pcap","fault":")", fault, "\"}"));
    Client client = Connect();
    const auto answer = client.Call("GET", Path(id));
    EXPECT_FALSE(client.error()) << fault << ": " << client.error().message();
    return answer;
  };
  EXPECT_EQ(get("html").result_int(), 502U);
  EXPECT_TRUE(absl::StartsWith(get("html").body(), "<html>"));
  EXPECT_EQ(get("redirect").result_int(), 302U);
  EXPECT_EQ(get("redirect").count("location"), 1U);
  EXPECT_EQ(get("empty").body(), "");
  EXPECT_EQ(get("success_false").result_int(), 200U);
  EXPECT_EQ(json::parse(get("success_false").body()).at("success"), false);
  EXPECT_TRUE(json::parse(get("null_result").body()).at("result").is_null());
  EXPECT_EQ(json::parse(get("unknown_enum").body()).at("result").at("status"), "transmogrified");
  EXPECT_NE(json::parse(get("wrong_id").body()).at("result").at("id"), json::value(id));
  EXPECT_TRUE(json::parse(get("floats").body()).at("result").at("time_limit").is_double());
  EXPECT_TRUE(absl::StrContains(get("floats").body(), "\"time_limit\":60.0"));
  EXPECT_EQ(json::parse(get("odd_fields").body()).at("result").at("packets_remaining"), 0);
  EXPECT_TRUE(get("chunked").chunked());
  boost::system::error_code error;
  json::parse(get("bad_json").body(), error);
  EXPECT_TRUE(error);
}

TEST_F(HttpServerTest, OversizeGoesOnWithSpaces) {
  SetFault(R"({"endpoint":"list_pcaps","fault":"oversize","bytes":3000000})");
  const auto listed = Connect().Call("GET", kBase);
  EXPECT_EQ(listed.body().size(), 3'000'000U);
  EXPECT_TRUE(json::parse(listed.body()).at("success").as_bool());
}

TEST_F(HttpServerTest, NotPcapHasTheLengthAndTypeOfAPcapOnly) {
  const std::string id = CreateCapture();
  const auto good = Connect().Call("GET", Path(id, "/download"));
  SetFault(R"({"endpoint":"download_pcap","fault":"not_pcap"})");
  const auto bad = Connect().Call("GET", Path(id, "/download"));
  EXPECT_EQ(bad.body().size(), good.body().size());
  EXPECT_EQ(bad["content-type"], good["content-type"]);
  EXPECT_FALSE(ParsePcap(bad.body()).has_value());
}

TEST_F(HttpServerTest, AClientThatAsksToCloseIsClosed) {
  boost::asio::ip::tcp::socket socket = ConnectTo(loop_, server_.port());
  boost::asio::write(socket, boost::asio::buffer(std::string(
                                 "GET /__emulator/stats HTTP/1.1\r\nConnection: close\r\n\r\n")));
  boost::system::error_code error;
  std::string all;
  boost::asio::read(socket, boost::asio::dynamic_buffer(all), error);
  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_TRUE(absl::StartsWith(all, "HTTP/1.1 200 OK\r\n"));
}

TEST(HttpServer, WhatCannotBeListenedOnIsAnErrorThatNamesIt) {
  boost::asio::io_context loop;
  Emulator emulator{EmulatorOptions()};
  HttpServer server(loop.get_executor(), emulator);
  for (const char* listen : {"nonsense", "127.0.0.1", "127.0.0.1:70000", "host:80"}) {
    const auto url = server.Start(listen);
    ASSERT_FALSE(url.ok()) << listen;
    EXPECT_TRUE(absl::StrContains(url.status().message(), listen));
  }
  EXPECT_FALSE(server.UseTls("/nowhere/cert.pem", "/nowhere/key.pem").ok());
}

}  // namespace
}  // namespace pcaps::emulator
