#include "service/rpc/request_checks.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

template <typename Request>
Request Parse(const std::string& text) {
  Request request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  const google::rpc::BadRequest bad = BadRequestOf(status);
  for (const auto& violation : bad.field_violations()) {
    EXPECT_FALSE(violation.description().empty());
    fields.push_back(violation.field());
  }
  if (!status.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_INVALID_FIELD);
    EXPECT_FALSE(fields.empty());
  }
  return fields;
}

std::vector<std::string> BadIn(const std::string& create, RequestBounds bounds = {}) {
  return FieldsOf(CheckRequest(Parse<v1::CreatePcapRequest>(create), bounds, kNow));
}

const char kSimple[] = "account_id: 'a' time_limit { seconds: 60 } simple { packet_limit: 5 } ";
const char kFull[] =
    "account_id: 'a' time_limit { seconds: 60 } full { colo_name: 'ORD' destination_conf: 's3://b' "
    "} ";

TEST(RequestChecks, IdsKeepTheirAlphabetAndLength) {
  for (const std::string id : {"", "a/b", "..", "%2e", "a b", "caf\xc3\xa9", "a\\n",
                               "123456789012345678901234567890123"}) {
    v1::GetPcapRequest request;
    request.set_account_id(id);
    request.set_pcap_id(id);
    EXPECT_THAT(FieldsOf(CheckRequest(request)), ElementsAre("account_id", "pcap_id")) << id;
  }
  EXPECT_TRUE(CheckRequest(Parse<v1::GetPcapRequest>(
                               "account_id: '12345678901234567890123456789012' pcap_id: 'A-z_0'"))
                  .ok());
  EXPECT_THAT(
      FieldsOf(CheckRequest(Parse<v1::StopPcapRequest>("account_id: 'a' pcap_id: 'ownership'"))),
      ElementsAre("pcap_id"));
}

TEST(RequestChecks, AGoodCreateIsGood) {
  EXPECT_THAT(BadIn(kSimple), IsEmpty());
  EXPECT_THAT(BadIn(kFull), IsEmpty());
  EXPECT_THAT(
      BadIn(
          std::string(kSimple) +
          "filter { source_address: '2001:db8::1' destination_address: '192.0.2.1' source_port: 0 "
          "destination_port: 65535 protocol: 255 } request_id: 'r-1' max_queue_wait { seconds: 150 "
          "}"),
      IsEmpty());
}

TEST(RequestChecks, EveryBadFieldIsNamedAtOnce) {
  EXPECT_THAT(
      BadIn(
          "filter { source_address: '1.2.3' destination_address: 'fe80::1%eth0' source_port: 65536 "
          "destination_port: 70000 protocol: 256 } request_id: 'a b' max_queue_wait { seconds: -1 "
          "} "
          "simple { packet_limit: 10001 offset_time { seconds: 1 } }"),
      ElementsAre("account_id", "request_id", "filter.source_address", "filter.destination_address",
                  "filter.source_port", "filter.destination_port", "filter.protocol", "time_limit",
                  "simple.packet_limit", "simple.offset_time", "max_queue_wait"));
}

TEST(RequestChecks, ANulDoesNotHideWhatFollowsAnAddress) {
  auto request = Parse<v1::CreatePcapRequest>(kSimple);
  request.mutable_filter()->set_source_address(std::string("1.2.3.4\0evil", 12));
  EXPECT_THAT(FieldsOf(CheckRequest(request, {}, kNow)), ElementsAre("filter.source_address"));
}

TEST(RequestChecks, AnErrorFitsIntoTrailersHoweverMuchIsWrong) {
  v1::WatchPcapsRequest request;
  request.set_account_id("a");
  for (int i = 0; i < 100; ++i) request.add_pcap_ids("not/an/id");
  const absl::Status status = CheckRequest(request);
  EXPECT_EQ(FieldsOf(status).size(), 20u);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("and 80 more fields"));
  EXPECT_LT(BadRequestOf(status).ByteSizeLong() + status.message().size(), 4096u);
}

TEST(RequestChecks, TheCaptureMustBeChosen) {
  EXPECT_THAT(BadIn("account_id: 'a' time_limit { seconds: 60 }"), ElementsAre("capture"));
}

TEST(RequestChecks, TimeLimitsAreWholeSecondsWithinTheCapturesBounds) {
  const auto limit = [](const std::string& duration, const std::string& capture) {
    return absl::StrCat("account_id: 'a' time_limit { ", duration, " } ", capture);
  };
  const std::string simple = "simple { packet_limit: 1 }";
  const std::string full = "full { colo_name: 'ORD' destination_conf: 'gs://b' }";
  for (const std::string bad :
       {"seconds: 0", "seconds: -5", "seconds: 301", "seconds: 1 nanos: 500000000",
        "seconds: 1 nanos: -1", "nanos: 2000000000", "seconds: 9223372036854775807"}) {
    EXPECT_THAT(BadIn(limit(bad, simple)), ElementsAre("time_limit")) << bad;
  }
  EXPECT_THAT(BadIn(limit("seconds: 300", simple)), IsEmpty());
  EXPECT_THAT(BadIn(limit("seconds: 86400", full)), IsEmpty());
  EXPECT_THAT(BadIn(limit("seconds: 86401", full)), ElementsAre("time_limit"));
  EXPECT_THAT(BadIn(limit("seconds: 301", full), {absl::Seconds(300)}), ElementsAre("time_limit"));
}

TEST(RequestChecks, OffsetTimeLiesWithinTheLastDay) {
  const auto at = [](absl::Time time) {
    auto request = Parse<v1::CreatePcapRequest>(kSimple);
    *request.mutable_simple()->mutable_offset_time() = ToTimestamp(time);
    return FieldsOf(CheckRequest(request, {}, kNow));
  };
  EXPECT_THAT(at(kNow), IsEmpty());
  EXPECT_THAT(at(kNow - absl::Hours(24)), IsEmpty());
  EXPECT_THAT(at(kNow + absl::Seconds(1)), ElementsAre("simple.offset_time"));
  EXPECT_THAT(at(kNow - absl::Hours(24) - absl::Seconds(1)), ElementsAre("simple.offset_time"));
  EXPECT_THAT(
      BadIn("account_id: 'a' time_limit { seconds: 60 } simple { packet_limit: 5 offset_time { "
            "seconds: 1699999999 nanos: -1 } }"),
      ElementsAre("simple.offset_time"));
}

TEST(RequestChecks, FullCapturesHaveBounds) {
  const auto full = [](const std::string& text) {
    return BadIn(absl::StrCat("account_id: 'a' time_limit { seconds: 60 } full { ", text, " }"));
  };
  const std::string bucket = "colo_name: 'ord02' destination_conf: 'r2://b?account-id=1' ";
  EXPECT_THAT(full(bucket + "byte_limit: 1000000000 packet_limit: 10000"), IsEmpty());
  EXPECT_THAT(full(bucket + "byte_limit: 0"), ElementsAre("full.byte_limit"));
  EXPECT_THAT(full(bucket + "byte_limit: 1000000001"), ElementsAre("full.byte_limit"));
  EXPECT_THAT(full(bucket + "packet_limit: 0"), ElementsAre("full.packet_limit"));
  EXPECT_THAT(full(""), ElementsAre("full.colo_name", "full.destination_conf"));
  for (const std::string bad : {"http://b", "s3://", "s3://a b", "s3:/b", "s3://a\\nb"}) {
    EXPECT_THAT(full(absl::StrCat("colo_name: 'ORD' destination_conf: '", bad, "'")),
                ElementsAre("full.destination_conf"))
        << bad;
  }
}

TEST(RequestChecks, ABadBucketUriIsNeverRepeated) {
  const absl::Status status =
      CheckRequest(Parse<v1::CreatePcapRequest>(
                       "account_id: 'a' time_limit { seconds: 60 } full { colo_name: 'ORD' "
                       "destination_conf: 'r3://b?secret-access-key=hunter2' }"),
                   {}, kNow);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.ToString(), testing::Not(testing::HasSubstr("hunter2")));
}

TEST(RequestChecks, PagesAndTokens) {
  EXPECT_THAT(FieldsOf(CheckRequest(
                  Parse<v1::ListPcapsRequest>("account_id: 'a' page_size: -1 page_token: 'x'"))),
              ElementsAre("page_size", "page_token"));
  EXPECT_TRUE(CheckRequest(Parse<v1::ListPcapsRequest>("account_id: 'a' page_size: 5000")).ok());
}

TEST(RequestChecks, AgesOffsetsAndIntervals) {
  EXPECT_THAT(FieldsOf(CheckRequest(Parse<v1::GetPcapRequest>(
                  "account_id: 'a' pcap_id: 'b' max_age { seconds: -1 }"))),
              ElementsAre("max_age"));
  EXPECT_THAT(FieldsOf(CheckRequest(Parse<v1::DownloadPcapRequest>(
                  "account_id: 'a' pcap_id: 'b' read_offset: -1 read_limit: -1"))),
              ElementsAre("read_offset", "read_limit"));
  v1::DownloadPcapRequest etag = Parse<v1::DownloadPcapRequest>("account_id: 'a' pcap_id: 'b'");
  etag.set_if_etag(std::string(300, 'x'));
  EXPECT_THAT(FieldsOf(CheckRequest(etag)), ElementsAre("if_etag"));
  for (const std::string bad : {"", "nanos: 999999999", "seconds: 301"}) {
    EXPECT_THAT(FieldsOf(CheckRequest(Parse<v1::WatchPcapRequest>(absl::StrCat(
                    "account_id: 'a' pcap_id: 'b' heartbeat_interval { ", bad, " }")))),
                ElementsAre("heartbeat_interval"))
        << bad;
  }
}

TEST(RequestChecks, AtMostAHundredCapturesAreWatchedByName) {
  v1::WatchPcapsRequest request;
  request.set_account_id("a");
  EXPECT_TRUE(CheckRequest(request).ok());
  for (int i = 0; i < 100; ++i) request.add_pcap_ids("p");
  EXPECT_TRUE(CheckRequest(request).ok());
  request.add_pcap_ids("p");
  request.set_pcap_ids(3, "a/b");
  EXPECT_THAT(FieldsOf(CheckRequest(request)), ElementsAre("pcap_ids", "pcap_ids[3]"));
}

}  // namespace
}  // namespace pcaps
