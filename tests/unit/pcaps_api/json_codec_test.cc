#include "clients/pcaps_api/json_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

constexpr char kId[] = "66802ca5668e47a2b82c2e6746e45037";
const AnswerContext kContext{"acc1", absl::FromUnixNanos(1'700'000'000'250'000'000)};

boost::json::value Json(const std::string& text) { return boost::json::parse(text); }

// A capture with `fields` in place of the usual ones.
absl::StatusOr<v1::Pcap> Decode(const std::string& fields, Oddities& oddities) {
  return PcapFromJson(
      Json(absl::StrCat(R"({"id":")", kId, "\"", fields.empty() ? "" : ",", fields, "}")), kContext,
      oddities);
}

// The same of fields that are in order.
absl::StatusOr<v1::Pcap> Decode(const std::string& fields) {
  Oddities oddities;
  auto pcap = Decode(fields, oddities);
  EXPECT_THAT(oddities, testing::IsEmpty()) << fields;
  return pcap;
}

v1::Pcap Expected(const std::string& text) {
  v1::Pcap pcap;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pcap));
  return pcap;
}

TEST(PcapFromJson, DecodesASimpleCapture) {
  const auto pcap =
      Decode(R"("filter_v1":{"destination_address":"1.2.3.4","destination_port":80,"protocol":6,
      "source_address":"1.2.3.5","source_port":0},"offset_time":"2020-01-01T08:00:00Z","status":"success",
      "submitted":"2020-01-01T08:00:00.123456Z","system":"magic-transit","time_limit":300,"type":"simple",
      "packet_limit":10000)");
  ASSERT_TRUE(pcap.ok()) << pcap.status();
  EXPECT_EQ(pcap->DebugString(),
            Expected(absl::StrCat("id: '", kId, R"(' account_id: 'acc1' type: TYPE_SIMPLE
      status: STATUS_SUCCESS done: true system: SYSTEM_MAGIC_TRANSIT packet_limit: 10000
      filter { source_address: '1.2.3.5' destination_address: '1.2.3.4' source_port: 0 destination_port: 80 protocol: 6 }
      time_limit { seconds: 300 } offset_time { seconds: 1577865600 }
      submit_time { seconds: 1577865600 nanos: 123456000 } observed_time { seconds: 1700000000 nanos: 250000000 })"))
                .DebugString());
}

TEST(PcapFromJson, DecodesAFullCapture) {
  const auto pcap =
      Decode(R"("type":"full","status":"failed","byte_limit":1000000000,"colo_name":"ord02",
      "destination_conf":"r2://b?account-id=a&secret-access-key=S3CR3T","packet_limit":7,"packets_captured":5000000000,
      "error_message":"No packets to r2://b?secret-access-key=S3CR3T","stop_requested":"2020-01-01T08:00:00+01:00")");
  ASSERT_TRUE(pcap.ok()) << pcap.status();
  EXPECT_EQ(pcap->DebugString(),
            Expected(absl::StrCat("id: '", kId, R"(' account_id: 'acc1' type: TYPE_FULL
      status: STATUS_FAILED done: true packet_limit: 7
      full { byte_limit: 1000000000 colo_name: 'ord02' packets_captured: 5000000000
        destination_conf: 'r2://b?account-id=a&secret-access-key=REDACTED'
        error_message: 'No packets to r2://b?secret-access-key=REDACTED' stop_request_time { seconds: 1577862000 } }
      observed_time { seconds: 1700000000 nanos: 250000000 })"))
                .DebugString());
}

TEST(PcapFromJson, KnowsEveryStatus) {
  const std::vector<std::tuple<std::string, v1::Pcap::Status, bool>> known = {
      {"unknown", v1::Pcap::STATUS_UNKNOWN, false},
      {"success", v1::Pcap::STATUS_SUCCESS, true},
      {"pending", v1::Pcap::STATUS_PENDING, false},
      {"running", v1::Pcap::STATUS_RUNNING, false},
      {"conversion_pending", v1::Pcap::STATUS_CONVERSION_PENDING, false},
      {"conversion_running", v1::Pcap::STATUS_CONVERSION_RUNNING, false},
      {"complete", v1::Pcap::STATUS_COMPLETE, true},
      {"failed", v1::Pcap::STATUS_FAILED, true}};
  for (const auto& [word, status, done] : known) {
    const auto pcap = Decode(absl::StrCat(R"("status":")", word, "\""));
    ASSERT_TRUE(pcap.ok()) << word;
    EXPECT_EQ(pcap->status(), status) << word;
    EXPECT_EQ(pcap->done(), done) << word;
    EXPECT_EQ(pcap->upstream_status(), status == v1::Pcap::STATUS_UNKNOWN ? word : "") << word;
  }
}

TEST(PcapFromJson, UnknownStatusKeepsItsWordCutTo64Bytes) {
  const auto novel = Decode(R"("status":"hibernating")");
  EXPECT_EQ(novel->status(), v1::Pcap::STATUS_UNKNOWN);
  EXPECT_EQ(novel->upstream_status(), "hibernating");
  const auto split = Decode(absl::StrCat(R"("status":")", std::string(63, 'x'), "\u00e9\""));
  EXPECT_EQ(split->upstream_status(), absl::StrCat(std::string(63, 'x'), "?"));
}

// Fields that mean the same, or nothing.
TEST(PcapFromJson, IsLiberal) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("time_limit":300.0)", "time_limit { seconds: 300 }"},
      {R"("time_limit":3e2)", "time_limit { seconds: 300 }"},
      {R"("packet_limit":1.0)", "packet_limit: 1"},
      {R"("packet_limit":0)", ""},
      {R"("packets_remaining":"whatever","novel":{"a":[1]})", ""},
      {R"("type":"novel","system":"novel")", ""},
      {R"("type":null,"filter_v1":null,"time_limit":null,"submitted":null,"system":null,"status":null,"packet_limit":null)",
       ""},
      {R"("filter_v1":{})", ""},
      {R"("filter_v1":{"source_address":null,"protocol":6.0,"novel":1})", "filter { protocol: 6 }"},
      {R"("offset_time":"")", ""},
      {R"("submitted":"2020-01-01T08:00:00.1234567891Z")",
       "submit_time { seconds: 1577865600 nanos: 123456789 }"},
      {R"("type":"full","colo":"ORD")", "type: TYPE_FULL full { colo_name: 'ORD' }"},
      {R"("type":"full","colo":"ORD","colo_name":"ord02")",
       "type: TYPE_FULL full { colo_name: 'ord02' }"},
      {R"("type":"full","byte_limit":0,"packets_captured":0)",
       "type: TYPE_FULL full { packets_captured: 0 }"},
      {R"("type":"full","error_message":"a\u0000b\nc\u0085")",
       "type: TYPE_FULL full { error_message: 'a b c ' }"}};
  for (const auto& [fields, text] : cases) {
    const auto pcap = Decode(fields);
    ASSERT_TRUE(pcap.ok()) << fields << " " << pcap.status();
    const std::string common =
        absl::StrCat(" id: '", kId,
                     "' account_id: 'acc1' status: STATUS_UNKNOWN "
                     "observed_time { seconds: 1700000000 nanos: 250000000 }");
    EXPECT_EQ(pcap->DebugString(), Expected(text + common).DebugString()) << fields;
  }
}

TEST(PcapFromJson, LeavesOutFieldsThatMakeNoSenseAndNamesThem) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("time_limit":"300")", "time_limit"},
      {R"("time_limit":300.5)", "time_limit"},
      {R"("time_limit":-1)", "time_limit"},
      {R"("time_limit":1e300)", "time_limit"},
      {R"("time_limit":18446744073709551615)", "time_limit"},
      {R"("packet_limit":4294967296)", "packet_limit"},
      {R"("packet_limit":true)", "packet_limit"},
      {R"("status":1)", "status"},
      {R"("type":[])", "type"},
      {R"("submitted":"yesterday")", "submitted"},
      {R"("submitted":"infinite-future")", "submitted"},
      {R"("submitted":1577865600)", "submitted"},
      {R"("filter_v1":[])", "filter_v1"},
      {R"("filter_v1":{"source_port":65536})", "source_port"},
      {R"("filter_v1":{"protocol":256})", "protocol"},
      {R"("filter_v1":{"source_address":4})", "source_address"},
      {R"("type":"full","byte_limit":-5)", "byte_limit"},
      {R"("type":"full","destination_conf":{})", "destination_conf"}};
  for (const auto& [fields, name] : cases) {
    Oddities oddities;
    const auto odd = Decode(fields, oddities);
    ASSERT_TRUE(odd.ok()) << fields << " " << odd.status();
    EXPECT_THAT(oddities, testing::ElementsAre(
                              testing::AllOf(testing::StartsWith(kId), testing::HasSubstr(name))));
    const bool full = absl::StrContains(fields, "full");
    EXPECT_EQ(odd->DebugString(), Decode(full ? R"("type":"full")" : "")->DebugString()) << fields;
  }
}

TEST(PcapFromJson, RefusesMissingAndMalformedIds) {
  for (const char* json :
       {"{}", R"({"id":null})", R"({"id":""})", R"({"id":7})", R"({"id":"a/b"})",
        R"({"id":"../x"})", R"({"id":"012345678901234567890123456789012"})", "null", "[]", "7"}) {
    Oddities oddities;
    EXPECT_FALSE(PcapFromJson(Json(json), kContext, oddities).ok()) << json;
    EXPECT_FALSE(OwnershipFromJson(Json(json), oddities).ok()) << json;
  }
}

TEST(PcapFromJson, LongTextsAreCutTo1KiBOfValidUtf8) {
  const auto pcap = Decode(
      absl::StrCat(R"("type":"full","error_message":")", std::string(1023, 'x'), "\u00e9\u00e9\""));
  EXPECT_EQ(pcap->full().error_message(), std::string(1023, 'x'));
}

TEST(PcapsFromJson, NullIsNoneAndAnythingButAListIsRefused) {
  Oddities oddities;
  EXPECT_TRUE(PcapsFromJson(Json("null"), kContext, oddities)->empty());
  EXPECT_TRUE(PcapsFromJson(Json("[]"), kContext, oddities)->empty());
  EXPECT_FALSE(PcapsFromJson(Json("{}"), kContext, oddities).ok());
}

TEST(PcapsFromJson, OddElementsDoNotHideTheOthersWhoseOrderIsKept) {
  Oddities oddities;
  const auto pcaps = PcapsFromJson(
      Json(R"([{"id":"b"},null,{"id":"a","time_limit":"an hour"},{"status":"success"}])"), kContext,
      oddities);
  ASSERT_TRUE(pcaps.ok()) << pcaps.status();
  ASSERT_EQ(pcaps->size(), 2U);
  EXPECT_EQ((*pcaps)[0].id(), "b");
  EXPECT_EQ((*pcaps)[1].id(), "a");
  EXPECT_THAT(oddities, testing::ElementsAre(testing::HasSubstr("left out"),
                                             testing::StartsWith("a: 'time_limit'"),
                                             testing::HasSubstr("left out")));
}

TEST(PcapsFromJson, ListOfWhichNothingIsUnderstoodIsNoEmptyList) {
  Oddities oddities;
  EXPECT_FALSE(PcapsFromJson(Json(R"([{"pcap_id":"a"},7])"), kContext, oddities).ok());
}

TEST(PcapsFromJson, OfTwoWithOneIdTheFirstStays) {
  Oddities oddities;
  const auto pcaps = PcapsFromJson(
      Json(R"([{"id":"a","status":"running"},{"id":"b"},{"id":"a","status":"failed"}])"), kContext,
      oddities);
  ASSERT_EQ(pcaps->size(), 2U);
  EXPECT_EQ((*pcaps)[0].status(), v1::Pcap::STATUS_RUNNING);
  EXPECT_THAT(oddities, testing::ElementsAre(testing::HasSubstr("its id was there before")));
}

TEST(PcapsFromJson, ElementsAreBoundedAndSoIsWhatIsToldOfThem) {
  boost::json::array list;
  list.push_back(Json(R"({"id":"a"})"));
  list.resize(10'000);
  Oddities oddities;
  EXPECT_EQ(PcapsFromJson(list, kContext, oddities)->size(), 1U);
  EXPECT_EQ(oddities.size(), 100U);
  list.push_back(Json(R"({"id":"b"})"));
  EXPECT_FALSE(PcapsFromJson(list, kContext, oddities).ok());
}

TEST(OwnershipFromJson, DecodesAndRedacts) {
  Oddities oddities;
  const auto ownership =
      OwnershipFromJson(Json(R"({"id":"o1","destination_conf":"r2://b?secret-access-key=S",
      "filename":"f.txt","status":"pending","submitted":"2020-01-01T08:00:00Z","validated":""})"),
                        oddities);
  ASSERT_TRUE(ownership.ok()) << ownership.status();
  EXPECT_EQ(ownership->destination_conf(), "r2://b?secret-access-key=REDACTED");
  EXPECT_EQ(ownership->filename(), "f.txt");
  EXPECT_EQ(ownership->status(), v1::Ownership::STATUS_PENDING);
  EXPECT_EQ(ownership->submit_time().seconds(), 1577865600);
  EXPECT_FALSE(ownership->has_validate_time());
  const auto list = OwnershipsFromJson(
      Json(
          R"([{"id":"o1","status":"success","validated":"2020-01-01T08:00:00Z"},{"id":"o2","status":"failed"},{"id":"o3","status":"novel"}])"),
      oddities);
  ASSERT_EQ(list->size(), 3U);
  EXPECT_EQ((*list)[0].status(), v1::Ownership::STATUS_SUCCESS);
  EXPECT_TRUE((*list)[0].has_validate_time());
  EXPECT_EQ((*list)[1].status(), v1::Ownership::STATUS_FAILED);
  EXPECT_EQ((*list)[2].status(), v1::Ownership::STATUS_UNSPECIFIED);
  EXPECT_TRUE(OwnershipsFromJson(Json("null"), oddities)->empty());
  EXPECT_THAT(oddities, testing::IsEmpty());
}

template <typename Request>
Request Parse(const std::string& text) {
  Request request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
  return request;
}

TEST(ToJson, WritesCreateRequestsAsTheUpstreamNamesThings) {
  EXPECT_EQ(Json(ToJson(Parse<v1::CreatePcapRequest>(
                R"(account_id: 'a' request_id: 'r' time_limit { seconds: 300 }
                filter { source_address: '1.2.3.4' destination_address: '::1' source_port: 0 destination_port: 80 protocol: 6 }
                simple { packet_limit: 10 offset_time { seconds: 1577865600 nanos: 500000000 } })"))),
            Json(R"({"system":"magic-transit","type":"simple","time_limit":300,"packet_limit":10,
                "offset_time":"2020-01-01T08:00:00.5Z","filter_v1":{"source_address":"1.2.3.4",
                "destination_address":"::1","source_port":0,"destination_port":80,"protocol":6}})"));
  EXPECT_EQ(
      Json(ToJson(Parse<v1::CreatePcapRequest>(R"(time_limit { seconds: 9 } full { colo_name: 'ORD'
                destination_conf: 'r2://b?secret-access-key=S' byte_limit: 5 packet_limit: 6 })"))),
      Json(R"({"system":"magic-transit","type":"full","time_limit":9,"colo_name":"ORD",
                "destination_conf":"r2://b?secret-access-key=S","byte_limit":5,"packet_limit":6})"));
  EXPECT_EQ(
      Json(ToJson(Parse<v1::CreatePcapRequest>("time_limit { seconds: 9 } filter {} full { "
                                               "colo_name: 'ORD' destination_conf: 'gs://b' }"))),
      Json(
          R"({"system":"magic-transit","type":"full","time_limit":9,"colo_name":"ORD","destination_conf":"gs://b"})"));
}

TEST(ToJson, WritesOwnershipRequests) {
  EXPECT_EQ(
      Json(ToJson(Parse<v1::CreateOwnershipRequest>("account_id: 'a' destination_conf: 's3://b'"))),
      Json(R"({"destination_conf":"s3://b"})"));
  EXPECT_EQ(Json(ToJson(Parse<v1::ValidateOwnershipRequest>(
                "destination_conf: 's3://b' ownership_challenge: 'x\"y'"))),
            Json(R"({"destination_conf":"s3://b","ownership_challenge":"x\"y"})"));
}

}  // namespace
}  // namespace pcaps
