#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "clients/gateway/pcapctl/render.h"

namespace pcaps::pcapctl {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::Pcap Pcap(const std::string& text) {
  v1::Pcap pcap;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pcap));
  return pcap;
}

TEST(StatusText, IsWordsOrTheUpstreamsOwn) {
  EXPECT_EQ(StatusText(Pcap("status: STATUS_CONVERSION_PENDING")), "conversion pending");
  EXPECT_EQ(StatusText(Pcap("status: STATUS_UNKNOWN upstream_status: 'paused'")), "paused");
  v1::Pcap newer;
  newer.set_status(static_cast<v1::Pcap::Status>(99));  // Of a gateway newer than this program.
  EXPECT_EQ(StatusText(newer), "unknown");
}

TEST(FilterText, NamesWhatIsSetAndNothingElse) {
  EXPECT_EQ(FilterText({}), "all packets");
  EXPECT_EQ(FilterText(Pcap("filter { protocol: 6 destination_address: '192.0.2.7' "
                            "destination_port: 443 }")
                           .filter()),
            "tcp, to 192.0.2.7 port 443");
  EXPECT_EQ(FilterText(Pcap("filter { protocol: 200 source_port: 0 }").filter()),
            "protocol 200, from port 0");
}

TEST(PcapTable, IsAlignedWithTimesPeopleRead) {
  EXPECT_EQ(PcapTable({Pcap("id: 'a' type: TYPE_SIMPLE status: STATUS_SUCCESS "
                            "submit_time { seconds: 1714564800 } time_limit { seconds: 300 }"),
                       Pcap("id: 'longer' status: STATUS_PENDING")}),
            "ID      TYPE    STATUS   SUBMITTED             TIME LIMIT  FILTER\n"
            "a       simple  success  2024-05-01 12:00:00Z  5m          all packets\n"
            "longer  -       pending  -                     0           all packets\n");
}

TEST(PcapDetails, ShowsWhatOnlyFullCapturesHave) {
  EXPECT_EQ(PcapDetails(Pcap("id: 'a' type: TYPE_FULL status: STATUS_FAILED packet_limit: 7 "
                             "full { byte_limit: 1000 colo_name: 'ord02' "
                             "destination_conf: 's3://b' packets_captured: 3 "
                             "error_message: 'No packets matched' "
                             "stop_request_time { seconds: 1714564800 } }")),
            "id                a\n"
            "type              full\n"
            "status            failed\n"
            "submitted         -\n"
            "time limit        0\n"
            "filter            all packets\n"
            "packet limit      7\n"
            "data centre       ord02\n"
            "bucket            s3://b\n"
            "byte limit        1000\n"
            "packets captured  3\n"
            "stop requested    2024-05-01 12:00:00Z\n"
            "error             No packets matched\n");
}

TEST(Rendering, LetsNoTextFromOutsideReachTheTerminalUncleaned) {
  const v1::Pcap evil = Pcap(R"(
    id: "\x1b[2J" upstream_status: "\x1b[1m" filter { source_address: "\x1b" destination_address: "\x1b" }
    full { colo_name: "\x1b" destination_conf: "\x1b" error_message: "\x1b" })");
  EXPECT_THAT(PcapDetails(evil), Not(HasSubstr("\x1b")));
  EXPECT_THAT(PcapTable({evil}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(ToJsonLine(evil), Not(HasSubstr("\x1b")));
}

TEST(ToJsonLine, IsOneLine) {
  EXPECT_EQ(ToJsonLine(Pcap("id: 'a' full { error_message: 'two\\nlines' }")),
            "{\"id\":\"a\",\"full\":{\"errorMessage\":\"two\\nlines\"}}\n");
}

}  // namespace
}  // namespace pcaps::pcapctl
