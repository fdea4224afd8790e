// create: from the command line to the request.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "clients/base/proto_time.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

class PcapctlCreate : public PcapctlFixture {
 protected:
  // The creation that `args` ask for.
  v1::CreatePcapRequest CreateWith(std::vector<std::string> args) {
    args.insert(args.begin(), "create");
    args.insert(args.end(), {"--request-id", "r"});
    const PcapctlRun run = PcapctlFixture::Pcapctl(args);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return gateway_.creates().empty() ? v1::CreatePcapRequest() : gateway_.creates().back();
  }
};

v1::CreatePcapRequest Request(const std::string& text) {
  v1::CreatePcapRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
  return request;
}

v1::Filter Filter(const std::string& text) {
  v1::Filter filter;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &filter));
  return filter;
}

TEST_F(PcapctlCreate, CreateWithoutOptionsAsksForASimpleCaptureOfAMinute) {
  const auto expected = Request(R"(
    account_id: "4f2a" request_id: "r" time_limit { seconds: 60 } filter {}
    simple { packet_limit: 10000 })");
  EXPECT_TRUE(MessageDifferencer::Equals(CreateWith({}), expected));
}

TEST_F(PcapctlCreate, CreateSaysEverythingASimpleCaptureCanBeTold) {
  const auto expected = Request(R"(
    account_id: "4f2a" request_id: "r" time_limit { seconds: 300 }
    filter { source_address: "192.0.2.1" destination_address: "2001:db8::1" source_port: 0
             destination_port: 53 protocol: 17 }
    simple { packet_limit: 5 offset_time { seconds: 1714564800 nanos: 500000000 } }
    max_queue_wait { seconds: 90 })");
  EXPECT_TRUE(MessageDifferencer::Equals(
      CreateWith({"simple", "--time-limit", "5m", "--src", "192.0.2.1", "--dst", "2001:db8::1",
                  "--sport", "0", "--dport", "53", "--protocol", "UDP", "--packets", "5",
                  "--offset-time", "2024-05-01T12:00:00.5Z", "--max-queue-wait", "1m30s"}),
      expected));
}

TEST_F(PcapctlCreate, CreateSaysEverythingAFullCaptureCanBeTold) {
  const auto expected = Request(R"(
    account_id: "4f2a" request_id: "r" time_limit { seconds: 60 } filter { protocol: 58 }
    full { colo_name: "ORD" destination_conf: "s3://b/d" byte_limit: 1000 packet_limit: 7 })");
  EXPECT_TRUE(MessageDifferencer::Equals(
      CreateWith({"full", "--colo", "ORD", "--bucket", "s3://b/d", "--bytes", "1000", "--packets",
                  "7", "--protocol", "icmpv6"}),
      expected));
}

TEST_F(PcapctlCreate, ABucketUriWithKeysComesFromTheEnvironment) {
  setenv("PCAPCTL_BUCKET", "r2://b?secret-access-key=k", 1);
  EXPECT_EQ(CreateWith({"full", "--colo", "ORD"}).full().destination_conf(),
            "r2://b?secret-access-key=k");
  EXPECT_TRUE(CreateWith({"simple"}).has_simple());
  unsetenv("PCAPCTL_BUCKET");
}

TEST_F(PcapctlCreate, CreateTakesAFilterInTcpdumpsWords) {
  const auto expected = Filter("source_address: '192.0.2.1' protocol: 6 destination_port: 443");
  const v1::CreatePcapRequest request =
      CreateWith({"--filter", "src 192.0.2.1 and tcp dst port 443"});
  EXPECT_TRUE(MessageDifferencer::Equals(request.filter(), expected));
}

TEST_F(PcapctlCreate, CreateSearchesTheTimeBetweenFromAndToAndSaysWhichThatIs) {
  const PcapctlRun run = PcapctlFixture::Pcapctl({"create", "--from", "-10m", "--to", "-8m"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const v1::CreatePcapRequest request = gateway_.creates().back();
  EXPECT_EQ(request.time_limit().seconds(), 120);
  const absl::Time end = FromTimestamp(request.simple().offset_time());
  EXPECT_GT(end, absl::Now() - absl::Minutes(9));
  EXPECT_LT(end, absl::Now() - absl::Minutes(8));
  EXPECT_THAT(run.err, MatchesRegex("searching [^\n]* to [^\n]*\n"));
}

TEST_F(PcapctlCreate, ADryRunPrintsTheRequestWithoutKeysAndSendsNothing) {
  for (const char* command : {"create", "capture"}) {
    const PcapctlRun simple = PcapctlFixture::Pcapctl(
        {command, "--filter", "udp", "--dry-run", "--request-id", "r", "--packets", "7"});
    EXPECT_EQ(simple.exit_code, 0) << simple.err;
    EXPECT_EQ(simple.out,
              "{\"accountId\":\"4f2a\",\"requestId\":\"r\",\"timeLimit\":\"60s\","
              "\"filter\":{\"protocol\":17},\"simple\":{\"packetLimit\":7}}\n");
    const PcapctlRun full = PcapctlFixture::Pcapctl(
        {command, "full", "--dry-run", "--colo", "ORD", "--bucket", "r2://b?access-key-id=k3y"});
    EXPECT_EQ(full.exit_code, 0) << full.err;
    EXPECT_THAT(full.out,
                AllOf(HasSubstr("r2://b?access-key-id=REDACTED"), testing::Not(HasSubstr("k3y"))));
  }
  EXPECT_TRUE(gateway_.creates().empty());
}

}  // namespace
}  // namespace pcaps
