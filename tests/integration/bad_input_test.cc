// Requests that cannot be right: refused with every bad field named, and nothing sent upstream.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

std::string BadFields(const absl::Status& status) {
  const google::rpc::BadRequest bad_request = BadRequestOf(status);
  return absl::StrJoin(bad_request.field_violations(), " ",
                       [](std::string* out, const auto& violation) {
                         EXPECT_FALSE(violation.description().empty());
                         out->append(violation.field());
                       });
}

void ExpectFieldsNamed(const Outcome& outcome, const std::string& fields) {
  ExpectError(outcome, absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
  EXPECT_EQ(BadFields(outcome.status), fields);
}

// A request in text format, and the fields that are wrong with it.
struct Row {
  std::string request;
  std::string bad_fields;
};

class BadInput : public testing::Test {
 protected:
  template <typename Request>
  void ExpectRefused(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      SCOPED_TRACE(absl::StrCat(Request::descriptor()->name(), " { ", row.request, " }"));
      ExpectFieldsNamed(world_.caller.Call(Text<Request>(row.request)), row.bad_fields);
    }
    EXPECT_EQ(world_.emulator.Requests(), 0);
  }

  World world_;
};

const std::vector<std::string>& MalformedIds() {
  static const auto* const ids = new std::vector<std::string>{
      "", std::string(33, 'a'), "a/b", "..", "%2e", "\303\244", "a b", "a\\nb", "a?b", "a#b"};
  return *ids;
}

TEST_F(BadInput, MalformedAccountIdsAreNamedByEveryRpc) {
  for (const std::string& id : MalformedIds()) {
    const std::vector<Row> rows = {
        {absl::StrCat("account_id: '", id, "' pcap_id: 'x'"), "account_id"}};
    ExpectRefused<v1::GetPcapRequest>(rows);
    ExpectRefused<v1::StopPcapRequest>(rows);
    ExpectRefused<v1::DownloadPcapRequest>(rows);
    ExpectRefused<v1::WatchPcapRequest>(rows);
    const std::vector<Row> without_capture = {
        {absl::StrCat("account_id: '", id, "'"), "account_id"}};
    ExpectRefused<v1::ListPcapsRequest>(without_capture);
    ExpectRefused<v1::WatchPcapsRequest>(without_capture);
    ExpectRefused<v1::CreatePcapRequest>(
        {{absl::StrCat("account_id: '", id,
                       "' time_limit { seconds: 1 } simple { packet_limit: 1 }"),
          "account_id"}});
  }
}

TEST_F(BadInput, MalformedCaptureIdsAreNamedByEveryRpc) {
  std::vector<std::string> ids = MalformedIds();
  ids.emplace_back("ownership");
  for (const std::string& id : ids) {
    const std::vector<Row> rows = {
        {absl::StrCat("account_id: 'a' pcap_id: '", id, "'"), "pcap_id"}};
    ExpectRefused<v1::GetPcapRequest>(rows);
    ExpectRefused<v1::StopPcapRequest>(rows);
    ExpectRefused<v1::DownloadPcapRequest>(rows);
    ExpectRefused<v1::WatchPcapRequest>(rows);
    ExpectRefused<v1::WatchPcapsRequest>(
        {{absl::StrCat("account_id: 'a' pcap_ids: ['good', '", id, "']"), "pcap_ids[1]"}});
  }
}

TEST_F(BadInput, CreateNamesWhatIsOutOfRangeInEveryCapture) {
  const auto simple = [](const std::string& more) {
    return absl::StrCat("account_id: 'a' simple { packet_limit: 1 } ", more);
  };
  const std::string good_time = "time_limit { seconds: 60 } ";
  ExpectRefused<v1::CreatePcapRequest>({
      {simple(""), "time_limit"},
      {simple("time_limit {}"), "time_limit"},
      {simple("time_limit { seconds: 301 }"), "time_limit"},
      {simple("time_limit { seconds: 1 nanos: 500000000 }"), "time_limit"},
      {simple("time_limit { seconds: -1 }"), "time_limit"},
      {simple("time_limit { seconds: 5 nanos: -1 }"), "time_limit"},
      {simple(good_time + "filter { source_port: 65536 }"), "filter.source_port"},
      {simple(good_time + "filter { destination_port: 65536 }"), "filter.destination_port"},
      {simple(good_time + "filter { protocol: 256 }"), "filter.protocol"},
      {simple(good_time + "filter { source_address: '1.2.3' }"), "filter.source_address"},
      {simple(good_time + "filter { source_address: '192.0.2.0/24' }"), "filter.source_address"},
      {simple(good_time + "filter { destination_address: '::g' }"), "filter.destination_address"},
      {simple(good_time + "filter { destination_address: 'fe80::1%eth0' }"),
       "filter.destination_address"},
      {simple(good_time + "request_id: 'has a space'"), "request_id"},
      {simple(good_time + "request_id: '\303\244'"), "request_id"},
      {simple(good_time + absl::StrCat("request_id: '", std::string(129, 'r'), "'")), "request_id"},
      {simple(good_time + "max_queue_wait { seconds: -1 }"), "max_queue_wait"},
      {simple(good_time + "max_queue_wait { seconds: 3601 }"), "max_queue_wait"},
      {"account_id: 'a' " + good_time, "capture"},
  });
}

TEST_F(BadInput, CreateNamesWhatIsOutOfRangeInSimpleCaptures) {
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  const auto simple = [](const std::string& inner) {
    return absl::StrCat("account_id: 'a' time_limit { seconds: 300 } simple { ", inner, " }");
  };
  const auto offset_time = [&](int64_t seconds) {
    return simple(absl::StrCat("packet_limit: 1 offset_time { seconds: ", seconds, " }"));
  };
  ExpectRefused<v1::CreatePcapRequest>({
      {simple(""), "simple.packet_limit"},
      {simple("packet_limit: 10001"), "simple.packet_limit"},
      {offset_time(now + 3600), "simple.offset_time"},
      {offset_time(now - 24 * 3600 - 1), "simple.offset_time"},
      {offset_time(-1), "simple.offset_time"},
  });
}

TEST_F(BadInput, CreateNamesWhatIsOutOfRangeInFullCaptures) {
  const auto full = [](const std::string& more, int64_t seconds = 86400) {
    return absl::StrCat("account_id: 'a' time_limit { seconds: ", seconds, " } full { ", more,
                        " }");
  };
  const std::string colo = "colo_name: 'ord02' ";
  const std::string bucket = "destination_conf: 's3://bucket' ";
  const std::string both = colo + bucket;
  ExpectRefused<v1::CreatePcapRequest>({
      {full(both, 86401), "time_limit"},
      {full(both + "byte_limit: 0"), "full.byte_limit"},
      {full(both + "byte_limit: 1000000001"), "full.byte_limit"},
      {full(both + "packet_limit: 0"), "full.packet_limit"},
      {full(both + "packet_limit: 10001"), "full.packet_limit"},
      {full(bucket), "full.colo_name"},
      {full(bucket + "colo_name: '../x'"), "full.colo_name"},
      {full(colo), "full.destination_conf"},
      {full(colo + "destination_conf: 's3://'"), "full.destination_conf"},
      {full(colo + "destination_conf: 'https://bucket'"), "full.destination_conf"},
      {full(colo + "destination_conf: 's3://a b'"), "full.destination_conf"},
      {full(colo + absl::StrCat("destination_conf: 's3://", std::string(2044, 'b'), "'")),
       "full.destination_conf"},
  });
}

TEST_F(BadInput, OtherRequestsNameWhatIsOutOfRange) {
  const std::string capture = "account_id: 'a' pcap_id: 'x' ";
  ExpectRefused<v1::GetPcapRequest>({
      {capture + "max_age { seconds: -1 }", "max_age"},
      {capture + "max_age { seconds: 86401 }", "max_age"},
  });
  ExpectRefused<v1::DownloadPcapRequest>({
      {capture + "read_offset: -1", "read_offset"},
      {capture + "read_limit: -1", "read_limit"},
      {capture + absl::StrCat("if_etag: '", std::string(257, 'e'), "'"), "if_etag"},
  });
  const std::vector<std::string> heartbeats = {"", "nanos: 999999999", "seconds: 300 nanos: 1",
                                               "seconds: -5"};
  for (const std::string& heartbeat : heartbeats) {
    const std::string interval = absl::StrCat("heartbeat_interval { ", heartbeat, " }");
    ExpectRefused<v1::WatchPcapRequest>({{capture + interval, "heartbeat_interval"}});
    ExpectRefused<v1::WatchPcapsRequest>({{"account_id: 'a' " + interval, "heartbeat_interval"}});
  }
  std::string watched = "account_id: 'a'";
  for (int i = 0; i < 101; ++i) absl::StrAppend(&watched, " pcap_ids: 'x", i, "'");
  ExpectRefused<v1::WatchPcapsRequest>({{watched, "pcap_ids"}});
}

TEST_F(BadInput, GarbageOnPagesIsNamed) {
  ExpectRefused<v1::ListPcapsRequest>({
      {"account_id: 'a' page_size: -1", "page_size"},
      {"account_id: 'a' page_token: 'garbage'", "page_token"},
      {"account_id: 'a' page_token: '!!!'", "page_token"},
      {absl::StrCat("account_id: 'a' page_token: '", std::string(5000, 'A'), "'"), "page_token"},
  });
}

TEST_F(BadInput, PageTokenOfAnotherAccountIsNamed) {
  world_.CreateSimple();
  world_.CreateSimple();
  const auto page =
      world_.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'account-1' page_size: 1"));
  ASSERT_NE(page.response.next_page_token(), "") << page.status;
  const int64_t before = world_.emulator.Requests();
  const auto foreign = world_.caller.Call(Text<v1::ListPcapsRequest>(
      absl::StrCat("account_id: 'account-2' page_token: '", page.response.next_page_token(), "'")));
  ExpectFieldsNamed(foreign, "page_token");
  EXPECT_EQ(world_.emulator.Requests(), before);
}

TEST_F(BadInput, SeveralBadFieldsAreAllNamedAtOnce) {
  ExpectRefused<v1::CreatePcapRequest>(
      {{"account_id: 'a/b' request_id: ' ' time_limit { seconds: 999 }"
        " filter { source_address: 'x' protocol: 999 } simple { packet_limit: 0 }",
        "account_id request_id filter.source_address filter.protocol time_limit "
        "simple.packet_limit"}});
  ExpectRefused<v1::DownloadPcapRequest>(
      {{"read_offset: -1 read_limit: -1", "account_id pcap_id read_offset read_limit"}});
}

}  // namespace
}  // namespace pcaps::integration
