// The API without sockets: requests and times in, answers out.
#include "tests/emulator/emulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "tests/unit/emulator/parsed_frame.h"
#include "tests/unit/emulator/parsed_pcap.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Pair;

constexpr char kSimple[] =
    R"({"type":"simple","system":"magic-transit","time_limit":60,"packet_limit":100})";
constexpr char kFull[] =
    R"({"type":"full","system":"magic-transit","time_limit":60,"colo_name":"ord02",)"
    R"("destination_conf":"s3://bucket?region=us-east-1"})";

class EmulatorTest : public testing::Test {
 protected:
  Answer Send(const std::string& method, const std::string& path, const std::string& body = "") {
    Request request = {.method = method,
                       .target = "/client/v4/accounts/acct/" + path,
                       .authorization = authorization_,
                       .body = body};
    return emulator_.Handle(request, now_);
  }

  Answer Control(const std::string& method, const std::string& name, const std::string& body = "") {
    return emulator_.Handle({.method = method, .target = "/__emulator/" + name, .body = body},
                            now_);
  }

  void Reconfigure(const EmulatorOptions& options) { emulator_ = Emulator(options); }

  static json::value Result(const Answer& answer) { return json::parse(answer.body).at("result"); }
  static std::string StatusOf(const Answer& answer) {
    return json::value_to<std::string>(Result(answer).at("status"));
  }
  static json::value Error(const Answer& answer) {
    return json::parse(answer.body).at("errors").at(0);
  }
  static int64_t CodeOf(const Answer& answer) {
    return Error(answer).at("code").to_number<int64_t>();
  }

  // The pointer in the refusal of a create that differs from `body` in one field; "" where it was
  // not refused.
  std::string PointerOfCreate(const char* body, const char* field, json::value value) {
    json::object object = json::parse(body).get_object();
    object[field] = std::move(value);
    const Answer answer = Send("POST", "pcaps", json::serialize(object));
    if (answer.status == 200) return "";
    EXPECT_EQ(answer.status, 400);
    EXPECT_GE(CodeOf(answer), 1000);
    return json::value_to<std::string>(Error(answer).at("source").at("pointer"));
  }

  std::string Create(const std::string& body) {
    const Answer answer = Send("POST", "pcaps", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::value_to<std::string>(Result(answer).at("id"));
  }

  static std::string Bytes(const Answer& answer) {
    std::string all;
    if (!answer.stream) return answer.body;
    for (std::string piece = answer.stream->Next(); !piece.empty(); piece = answer.stream->Next()) {
      all += piece;
    }
    return all;
  }

  Emulator emulator_{EmulatorOptions()};
  std::string authorization_ = "Bearer token";
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
};

TEST_F(EmulatorTest, ASimpleCaptureIsCreatedShownAndDownloaded) {
  const std::string id = Create(kSimple);
  EXPECT_EQ(StatusOf(Send("GET", "pcaps/" + id)), "pending");
  now_ += absl::Seconds(1);
  const Answer shown = Send("GET", "pcaps/" + id);
  EXPECT_EQ(json::serialize(Result(shown)),
            absl::StrCat(R"({"id":")", id,
                         R"(","type":"simple","status":"success","system":"magic-transit",)"
                         R"("submitted":"2023-11-14T22:13:20Z","time_limit":60,"filter_v1":{},)"
                         R"("offset_time":"2023-11-14T22:13:20Z"})"));
  const auto file = ParsePcap(Bytes(Send("GET", "pcaps/" + id + "/download")));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->records.size(), 100U);
}

TEST_F(EmulatorTest, TheFileObeysTheFilterOfTheRequest) {
  const std::string id = Create(
      R"({"type":"simple","system":"magic-transit","time_limit":60,"packet_limit":50,"filter_v1":
         {"source_address":"2001:db8::5","destination_port":443.0,"protocol":17}})");
  now_ += absl::Seconds(1);
  const auto file = ParsePcap(Bytes(Send("GET", "pcaps/" + id + "/download")));
  ASSERT_TRUE(file.has_value());
  ASSERT_EQ(file->records.size(), 50U);
  for (const PcapRecord& record : file->records) {
    const ParsedFrame frame = ParseFrame(record.data);
    EXPECT_EQ(frame.source, boost::asio::ip::make_address("2001:db8::5"));
    EXPECT_EQ(frame.destination_port, 443);
    EXPECT_EQ(frame.protocol, 17);
  }
}

TEST_F(EmulatorTest, AFullCaptureShowsItsOwnFieldsAndEndsWhenStopped) {
  const std::string id = Create(kFull);
  now_ += absl::Seconds(2);
  json::value shown = Result(Send("GET", "pcaps/" + id));
  EXPECT_EQ(shown.at("status"), "running");
  EXPECT_EQ(shown.at("colo_name"), "ord02");
  EXPECT_GT(shown.at("packets_captured").as_int64(), 0);
  EXPECT_FALSE(shown.as_object().contains("stop_requested"));
  const Answer stopped = Send("PUT", "pcaps/" + id + "/stop");
  EXPECT_EQ(stopped.status, 204);
  EXPECT_TRUE(stopped.body.empty());
  now_ += absl::Seconds(1);
  shown = Result(Send("GET", "pcaps/" + id));
  EXPECT_EQ(shown.at("status"), "success");
  EXPECT_EQ(shown.at("stop_requested"), "2023-11-14T22:13:22Z");
}

TEST_F(EmulatorTest, AFailedCaptureSaysWhyOnlyWhenItIsFull) {
  json::object full = json::parse(kFull).get_object();
  full["filter_v1"] = {{"protocol", 253}};
  json::object simple = json::parse(kSimple).get_object();
  simple["filter_v1"] = {{"protocol", 254}};
  const std::string full_id = Create(json::serialize(full));
  const std::string simple_id = Create(json::serialize(simple));
  now_ += absl::Seconds(70);
  const json::value failed = Result(Send("GET", "pcaps/" + full_id));
  EXPECT_EQ(failed.at("status"), "failed");
  EXPECT_THAT(std::string(failed.at("error_message").as_string()), HasSubstr("No packets matched"));
  const json::value failed_simple = Result(Send("GET", "pcaps/" + simple_id));
  EXPECT_EQ(failed_simple.at("status"), "failed");
  EXPECT_FALSE(failed_simple.as_object().contains("error_message"));
  EXPECT_EQ(CodeOf(Send("GET", "pcaps/" + simple_id + "/download")), kCaptureFailed);
}

TEST_F(EmulatorTest, EveryBadFieldOfACreateIsNamed) {
  EXPECT_EQ(PointerOfCreate(kSimple, "type", "huge"), "/type");
  EXPECT_EQ(PointerOfCreate(kSimple, "system", "magic-wan"), "/system");
  EXPECT_EQ(PointerOfCreate(kSimple, "time_limit", 301), "/time_limit");
  EXPECT_EQ(PointerOfCreate(kSimple, "time_limit", 0), "/time_limit");
  EXPECT_EQ(PointerOfCreate(kSimple, "time_limit", 1.5), "/time_limit");
  EXPECT_EQ(PointerOfCreate(kSimple, "packet_limit", 0), "/packet_limit");
  EXPECT_EQ(PointerOfCreate(kSimple, "packet_limit", 10'001), "/packet_limit");
  EXPECT_EQ(PointerOfCreate(kSimple, "packet_limit", nullptr), "/packet_limit");
  EXPECT_EQ(PointerOfCreate(kSimple, "offset_time", "2023-11-14T22:13:21Z"), "/offset_time");
  EXPECT_EQ(PointerOfCreate(kSimple, "offset_time", "2023-11-13T22:13:19Z"), "/offset_time");
  EXPECT_EQ(PointerOfCreate(kSimple, "offset_time", "yesterday"), "/offset_time");
  EXPECT_EQ(PointerOfCreate(kSimple, "filter_v1", {{"source_port", 65536}}),
            "/filter_v1/source_port");
  EXPECT_EQ(PointerOfCreate(kSimple, "filter_v1", {{"protocol", 256}}), "/filter_v1/protocol");
  EXPECT_EQ(PointerOfCreate(kSimple, "filter_v1", {{"source_address", "1.2.3"}}),
            "/filter_v1/source_address");
  EXPECT_EQ(PointerOfCreate(kFull, "time_limit", 86'401), "/time_limit");
  EXPECT_EQ(PointerOfCreate(kFull, "byte_limit", 1'000'000'001), "/byte_limit");
  EXPECT_EQ(PointerOfCreate(kFull, "colo_name", ""), "/colo_name");
  EXPECT_EQ(PointerOfCreate(kFull, "destination_conf", "ftp://x"), "/destination_conf");
  EXPECT_EQ(Send("POST", "pcaps", "{").status, 400);
  EXPECT_EQ(Send("POST", "pcaps", "[]").status, 400);
  EXPECT_EQ(json::parse(Control("GET", "stats").body).at("captures_created"), 0);
}

TEST_F(EmulatorTest, TheBoundsThemselvesAreAccepted) {
  Control("POST", "rules", R"({"enabled":false})");
  EXPECT_EQ(PointerOfCreate(kSimple, "time_limit", 300.0), "");
  EXPECT_EQ(PointerOfCreate(kSimple, "packet_limit", 10'000), "");
  EXPECT_EQ(PointerOfCreate(kSimple, "offset_time", "2023-11-13T22:13:20Z"), "");
  EXPECT_EQ(PointerOfCreate(kSimple, "filter_v1", {{"source_port", 65535}}), "");
  EXPECT_EQ(PointerOfCreate(kFull, "time_limit", 86'400), "");
  EXPECT_EQ(PointerOfCreate(kFull, "byte_limit", 1'000'000'000), "");
  EXPECT_EQ(PointerOfCreate(kFull, "destination_conf", "r2://b?access-key-id=x"), "");
}

TEST_F(EmulatorTest, TheListIsNullWhenEmptyAndHoldsTheNewestFiftyOtherwise) {
  EXPECT_TRUE(Result(Send("GET", "pcaps")).is_null());
  Control("POST", "rules", R"({"enabled":false})");
  std::string last;
  for (int i = 0; i < 60; ++i) last = Create(kSimple);
  const json::value list = json::parse(Send("GET", "pcaps").body);
  EXPECT_EQ(list.at("result").as_array().size(), 50U);
  EXPECT_EQ(list.at("result").at(0).at("id"), json::value(last));
  EXPECT_EQ(list.at("result_info").at("total_count"), 60);
}

TEST_F(EmulatorTest, WhatCannotBeDoneIsRefusedWithAnEnvelope) {
  const std::string simple = Create(kSimple);
  const std::string full = Create(kFull);
  EXPECT_EQ(CodeOf(Send("PUT", "pcaps/" + simple + "/stop")), kNotStoppable);
  EXPECT_EQ(CodeOf(Send("GET", "pcaps/" + simple + "/download")), kNotReady);
  EXPECT_EQ(CodeOf(Send("GET", "pcaps/" + full + "/download")), kNotDownloadable);
  const std::string unknown = "pcaps/" + std::string(32, '0');
  EXPECT_EQ(Send("GET", unknown).status, 404);
  EXPECT_EQ(Send("PUT", unknown + "/stop").status, 404);
  EXPECT_EQ(Send("GET", unknown + "/download").status, 404);
  EXPECT_EQ(CodeOf(Send("GET", "pcaps/nonsense")), kNoRoute);
  EXPECT_EQ(Send("DELETE", "pcaps").status, 405);
}

TEST_F(EmulatorTest, NobodySeesTheCapturesOfAnotherAccount) {
  const std::string id = Create(kSimple);
  const Request other = {.method = "GET",
                         .target = "/client/v4/accounts/other/pcaps/" + id,
                         .authorization = authorization_};
  EXPECT_EQ(emulator_.Handle(other, now_).status, 404);
}

TEST_F(EmulatorTest, TokensAndAccountsAreChecked) {
  authorization_ = "";
  EXPECT_EQ(Send("GET", "pcaps").status, 401);
  authorization_ = "Basic eDp5";
  EXPECT_EQ(CodeOf(Send("GET", "pcaps")), kInvalidHeaders);
  Reconfigure({.tokens = {"right"}, .accounts = {"another"}});
  authorization_ = "Bearer wrong";
  EXPECT_EQ(Send("GET", "pcaps").status, 401);
  EXPECT_EQ(CodeOf(Send("GET", "pcaps")), kAuthentication);
  authorization_ = "Bearer right";
  EXPECT_EQ(Send("GET", "pcaps").status, 403);
  EXPECT_EQ(CodeOf(Send("GET", "pcaps")), kAuthentication);
}

TEST_F(EmulatorTest, EveryReplyCarriesDateRayAndRateLimitHeaders) {
  for (const Answer& answer :
       {Send("GET", "pcaps"), Send("GET", "nowhere"), Send("PUT", "pcaps")}) {
    EXPECT_THAT(answer.headers, Contains(Pair("Date", "Tue, 14 Nov 2023 22:13:20 GMT")));
    for (const char* name : {"cf-ray", "Ratelimit", "Ratelimit-Policy"}) {
      EXPECT_THAT(answer.headers, Contains(Key(name)));
    }
  }
}

TEST_F(EmulatorTest, GoingOverTheRateLimitBlocksWithRetryAfter) {
  Control("POST", "rate_limit", R"({"enabled":true,"requests":2,"window_s":300,"block_s":300})");
  EXPECT_EQ(Send("GET", "pcaps").status, 200);
  EXPECT_EQ(Send("GET", "pcaps").status, 200);
  const Answer refused = Send("GET", "pcaps");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.headers, Contains(Pair("retry-after", "300")));
  EXPECT_THAT(refused.headers, Contains(Pair("Ratelimit", "\"default\";r=0;t=300")));
  EXPECT_EQ(Control("GET", "stats").status, 200);
}

TEST_F(EmulatorTest, DateIsWrongByAsMuchAsItIsTold) {
  const auto date = [this] {
    for (const auto& [name, value] : Send("GET", "pcaps").headers) {
      if (name == "Date") return value;
    }
    return std::string();
  };
  EXPECT_EQ(date(), "Tue, 14 Nov 2023 22:13:20 GMT");
  Control("POST", "clock", R"({"date_offset_s":-60})");
  EXPECT_EQ(date(), "Tue, 14 Nov 2023 22:12:20 GMT");
  Control("POST", "reset");
  EXPECT_EQ(date(), "Tue, 14 Nov 2023 22:13:20 GMT");
}

TEST_F(EmulatorTest, ATokenIsRevokedWhileItRuns) {
  EXPECT_EQ(Send("GET", "pcaps").status, 200);
  Control("POST", "token", R"({"token":"another"})");
  EXPECT_EQ(Send("GET", "pcaps").status, 401);
  Control("POST", "token", R"({"token":"token"})");
  EXPECT_EQ(Send("GET", "pcaps").status, 200);
}

TEST_F(EmulatorTest, TheSameSeedGivesTheSameIds) {
  Reconfigure({.seed = 5});
  const std::string first = Create(kSimple);
  Reconfigure({.seed = 5});
  EXPECT_EQ(Create(kSimple), first);
  Reconfigure({.seed = 6});
  EXPECT_NE(Create(kSimple), first);
}

TEST_F(EmulatorTest, OwnershipLivesFromPendingToDeleted) {
  const std::string bucket = R"({"destination_conf":"s3://b")";
  const json::value added = Result(Send("POST", "pcaps/ownership", bucket + "}"));
  EXPECT_EQ(added.at("status"), "pending");
  const std::string id = json::value_to<std::string>(added.at("id"));
  const Answer challenge = Control("GET", "challenge?account=acct&id=" + id);
  const auto validate = [&](const std::string& proof) {
    return StatusOf(Send("POST", "pcaps/ownership/validate",
                         bucket + R"(,"ownership_challenge":")" + proof + "\"}"));
  };
  EXPECT_EQ(validate("guess"), "failed");
  EXPECT_EQ(validate(challenge.body), "success");
  EXPECT_EQ(Result(Send("GET", "pcaps/ownership")).as_array().size(), 1U);
  EXPECT_EQ(Send("DELETE", "pcaps/ownership/" + id).status, 204);
  EXPECT_EQ(Send("DELETE", "pcaps/ownership/" + id).status, 404);
  EXPECT_TRUE(Result(Send("GET", "pcaps/ownership")).is_null());
}

TEST_F(EmulatorTest, FullCapturesNeedAValidatedBucketOnlyWhenAskedTo) {
  Reconfigure({.require_ownership = true});
  EXPECT_EQ(PointerOfCreate(kFull, "time_limit", 60), "/destination_conf");
  const std::string bucket = R"({"destination_conf":"s3://bucket?region=us-east-1")";
  const json::value added = Result(Send("POST", "pcaps/ownership", bucket + "}"));
  Send("POST", "pcaps/ownership/validate",
       absl::StrCat(bucket, R"(,"ownership_challenge":)", json::serialize(added.at("filename")),
                    "}"));
  EXPECT_EQ(PointerOfCreate(kFull, "time_limit", 60), "");
}

TEST_F(EmulatorTest, ControlPinsForgetsAndEnlargesCaptures) {
  const std::string id = Create(kSimple);
  const std::string named = R"({"account":"acct","pcap_id":")" + id + "\"";
  Control("POST", "captures", named + R"(,"status":"complete"})");
  EXPECT_EQ(StatusOf(Send("GET", "pcaps/" + id)), "complete");
  EXPECT_EQ(Control("POST", "files", named + R"(,"bytes":3000000,"chunked":true})").status, 200);
  const Answer large = Send("GET", "pcaps/" + id + "/download");
  EXPECT_EQ(large.framing, Framing::kChunked);
  EXPECT_NEAR(static_cast<double>(large.stream->size()), 3e6, 2000);
  EXPECT_EQ(Control("DELETE", "captures?account=acct&id=" + id).status, 200);
  EXPECT_EQ(Send("GET", "pcaps/" + id).status, 404);
  EXPECT_EQ(Control("POST", "files", named + "}").status, 404);
}

TEST_F(EmulatorTest, StatsCountByEndpointStatusAndAccount) {
  Send("GET", "pcaps");
  Send("GET", "pcaps");
  Send("GET", "nowhere");
  Create(kSimple);
  now_ += absl::Seconds(299);
  Send("GET", "pcaps");
  now_ += absl::Seconds(2);
  Send("GET", "pcaps");
  const json::value stats = json::parse(Control("GET", "stats").body);
  EXPECT_EQ(stats.at("total"), 6);
  EXPECT_EQ(stats.at("endpoints").at("list_pcaps"), 4);
  EXPECT_EQ(stats.at("endpoints").at("unknown_route"), 1);
  EXPECT_EQ(stats.at("statuses").at("200"), 5);
  EXPECT_EQ(stats.at("statuses").at("404"), 1);
  EXPECT_EQ(stats.at("accounts").at("acct").at("create_pcap"), 1);
  EXPECT_EQ(stats.at("captures_created"), 1);
  EXPECT_EQ(stats.at("max_requests_in_300s"), 5);
}

TEST_F(EmulatorTest, RequestsAreListedWithTheirTimesAnswersAndTokens) {
  Send("GET", "pcaps");
  Control("POST", "faults", R"({"fault":"status","status":503,"count":1})");
  now_ += absl::Milliseconds(1500);
  const std::string id = std::string(32, 'a');
  Send("GET", "pcaps/" + id);
  const std::string first =
      absl::StrCat(absl::ToUnixMillis(now_) - 1500, " list_pcaps acct - 200 token\n");
  const std::string second =
      absl::StrCat(absl::ToUnixMillis(now_), " get_pcap acct ", id, " 503 token\n");
  EXPECT_EQ(Control("GET", "requests").body, first + second);
  EXPECT_EQ(Control("GET", absl::StrCat("requests?since_ms=", absl::ToUnixMillis(now_))).body,
            second);
  EXPECT_EQ(Control("GET", "requests?since_ms=soon").status, 400);
  Control("POST", "reset");
  EXPECT_EQ(Control("GET", "requests").body, "");
}

TEST_F(EmulatorTest, SeedsAreCapturesThatNoRuleCounts) {
  const std::string ids =
      Control("POST", "seed", R"({"account":"acct","count":2,"status":"running"})").body;
  ASSERT_EQ(ids.size(), 66u);
  EXPECT_EQ(StatusOf(Send("GET", "pcaps/" + ids.substr(0, 32))), "running");
  EXPECT_EQ(StatusOf(Send("GET", "pcaps/" + ids.substr(33, 32))), "running");
  EXPECT_EQ(json::parse(Control("GET", "stats").body).at("captures_created"), 0);
  Create(kSimple);
  EXPECT_EQ(Control("POST", "seed", R"({"count":2})").status, 400);
  const std::string id(32, 'A');
  EXPECT_EQ(Control("POST", "seed", R"({"account":"acct","pcap_id":")" + id + R"("})").body,
            id + "\n");
  EXPECT_EQ(Send("GET", "pcaps/" + id).status, 200);
}

TEST_F(EmulatorTest, AStatusCanBePinnedToAllCapturesOfAnAccount) {
  Create(kFull);
  Control("POST", "seed", R"({"account":"acct"})");
  Control("POST", "captures", R"({"account":"acct","status":"failed"})");
  const json::value listed = Result(Send("GET", "pcaps"));
  ASSERT_EQ(listed.get_array().size(), 2u);
  for (const json::value& each : listed.get_array()) EXPECT_EQ(each.at("status"), "failed");
}

TEST_F(EmulatorTest, ResetForgetsEverythingButGoesOnWithNewIds) {
  const std::string id = Create(kSimple);
  Control("POST", "faults", R"({"fault":"html"})");
  Control("POST", "reset");
  EXPECT_EQ(Send("GET", "pcaps/" + id).status, 404);
  EXPECT_NE(Create(kSimple), id);
  EXPECT_EQ(json::parse(Control("GET", "stats").body).at("total"), 2);
}

}  // namespace
}  // namespace pcaps::emulator
