// The commands that ask once, and what the command line accepts.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

class Pcapctl : public PcapctlFixture {
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

TEST_F(Pcapctl, CreateWithoutOptionsAsksForASimpleCaptureOfAMinute) {
  const auto expected = Request(R"(
    account_id: "4f2a" request_id: "r" time_limit { seconds: 60 } filter {}
    simple { packet_limit: 10000 })");
  EXPECT_TRUE(MessageDifferencer::Equals(CreateWith({}), expected));
}

TEST_F(Pcapctl, CreateSaysEverythingASimpleCaptureCanBeTold) {
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

TEST_F(Pcapctl, CreateSaysEverythingAFullCaptureCanBeTold) {
  const auto expected = Request(R"(
    account_id: "4f2a" request_id: "r" time_limit { seconds: 60 } filter { protocol: 58 }
    full { colo_name: "ORD" destination_conf: "s3://b/d" byte_limit: 1000 packet_limit: 7 })");
  EXPECT_TRUE(MessageDifferencer::Equals(
      CreateWith({"full", "--colo", "ORD", "--bucket", "s3://b/d", "--bytes", "1000", "--packets",
                  "7", "--protocol", "icmpv6"}),
      expected));
}

TEST_F(Pcapctl, ABucketUriWithKeysComesFromTheEnvironment) {
  setenv("PCAPCTL_BUCKET", "r2://b?secret-access-key=k", 1);
  EXPECT_EQ(CreateWith({"full", "--colo", "ORD"}).full().destination_conf(),
            "r2://b?secret-access-key=k");
  EXPECT_TRUE(CreateWith({"simple"}).has_simple());
  unsetenv("PCAPCTL_BUCKET");
}

TEST_F(Pcapctl, CreateTakesAFilterInTcpdumpsWords) {
  const auto expected = Filter("source_address: '192.0.2.1' protocol: 6 destination_port: 443");
  const v1::CreatePcapRequest request =
      CreateWith({"--filter", "src 192.0.2.1 and tcp dst port 443"});
  EXPECT_TRUE(MessageDifferencer::Equals(request.filter(), expected));
}

TEST_F(Pcapctl, CreateSearchesTheTimeBetweenFromAndToAndSaysWhichThatIs) {
  const PcapctlRun run = PcapctlFixture::Pcapctl({"create", "--from", "-10m", "--to", "-8m"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const v1::CreatePcapRequest request = gateway_.creates().back();
  EXPECT_EQ(request.time_limit().seconds(), 120);
  const absl::Time end = FromTimestamp(request.simple().offset_time());
  EXPECT_GT(end, absl::Now() - absl::Minutes(9));
  EXPECT_LT(end, absl::Now() - absl::Minutes(8));
  EXPECT_THAT(run.err, MatchesRegex("searching [^\n]* to [^\n]*\n"));
}

TEST_F(Pcapctl, ADryRunPrintsTheRequestWithoutKeysAndSendsNothing) {
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

TEST_F(Pcapctl, WrongUsageExits2AndAsksTheGatewayNothing) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"fly"},
      {"get"},
      {"get", "a", "b"},
      {"download", "a"},
      {"create", "--time-limit", "soon"},
      {"create", "--time-limit", "-5s"},
      {"create", "--protocol", "carrier-pigeon"},
      {"create", "--offset-time", "yesterday"},
      {"create", "--sport", "http"},
      {"create", "--full"},
      {"create", "--bucket", "s3://b"},
      {"create", "full", "--bucket", "s3://b"},
      {"create", "full", "--colo", "ORD"},
      {"create", "full", "--colo", "ORD", "--bucket", "s3://b", "--from", "-5m"},
      {"create", "--packets", "5", "full", "--colo", "ORD", "--bucket", "s3://b"},
      {"create", "--packets", "5", "simple"},
      {"create", "full", "simple"},
      {"capture", "full", "--colo", "ORD", "--bucket", "s3://b", "-o", "x"},
      {"create", "--filter", "tcp or udp"},
      {"create", "--filter", "tcp", "--dport", "80"},
      {"create", "--from", "-6m"},
      {"create", "--from", "-5m", "--offset-time", "2024-05-01T12:00:00Z"},
      {"create", "--to", "now", "--offset-time", "2024-05-01T12:00:00Z"},
      {"download", "a", "-o", "-", "--resume"},
      {"completion"},
      {"completion", "tcsh"},
      {"create", "--request-id", "two\nlines"},
      {"create", "--request-id", std::string(129, 'x')},
      {"create", "--token-file", "/no/such/file"},
  };
  for (const auto& args : wrong) {
    const PcapctlRun run = PcapctlFixture::Pcapctl(args);
    EXPECT_EQ(run.exit_code, 2) << testing::PrintToString(args) << run.err;
    EXPECT_THAT(run.err, StartsWith("pcapctl: INVALID_ARGUMENT: "));
    EXPECT_THAT(run.out, IsEmpty());
  }
  EXPECT_TRUE(gateway_.creates().empty());
}

TEST_F(Pcapctl, AnAccountIsRequiredAndMayComeFromTheEnvironment) {
  const std::vector<std::string> args = {"list", "--target", gateway_.target()};
  EXPECT_EQ(RunPcapctlAlone(args).exit_code, 2);
  setenv("CLOUDFLARE_ACCOUNT_ID", kAccount, 1);
  EXPECT_EQ(RunPcapctlAlone(args).exit_code, 0);
  unsetenv("CLOUDFLARE_ACCOUNT_ID");
  setenv("PCAPCTL_ACCOUNT", kAccount, 1);
  EXPECT_EQ(RunPcapctlAlone(args).exit_code, 0);
  unsetenv("PCAPCTL_ACCOUNT");
}

TEST_F(Pcapctl, TheTargetMayComeFromTheEnvironment) {
  setenv("PCAPCTL_TARGET", gateway_.target().c_str(), 1);
  EXPECT_EQ(RunPcapctlAlone({"list", "--account", kAccount}).exit_code, 0);
  unsetenv("PCAPCTL_TARGET");
}

TEST_F(Pcapctl, ATokenIsReadFromAFileOrTheEnvironmentAndStaysOnThisMachineInPlaintext) {
  WriteFile(dir_.Path("token"), "from-file\n");
  ASSERT_EQ(PcapctlFixture::Pcapctl({"list", "--token-file", dir_.Path("token")}).exit_code, 0);
  EXPECT_EQ(gateway_.LastMetadata("authorization"), "Bearer from-file");
  setenv("PCAPCTL_TOKEN", "from-environment", 1);
  ASSERT_EQ(PcapctlFixture::Pcapctl({"list"}).exit_code, 0);
  EXPECT_EQ(gateway_.LastMetadata("authorization"), "Bearer from-environment");
  const PcapctlRun refused =
      RunPcapctlAlone({"list", "--account", kAccount, "--target", "192.0.2.1:1"});
  unsetenv("PCAPCTL_TOKEN");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("plaintext"), Not(HasSubstr("from-environment"))));
}

TEST_F(Pcapctl, EveryCommandHasHelpWithExamples) {
  for (const std::string command :
       {"capture", "capture simple", "capture full", "create", "create simple", "create full",
        "get", "list", "stop", "watch", "download", "completion"}) {
    std::vector<std::string> args = absl::StrSplit(command, ' ');
    args.emplace_back("--help");
    const PcapctlRun run = RunPcapctlAlone(args);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, AllOf(HasSubstr("Usage: "), HasSubstr("Examples:\n"),
                               HasSubstr("pcapctl " + args[0])));
  }
}

TEST_F(Pcapctl, HelpNamesEveryExitCode) {
  const PcapctlRun run = RunPcapctlAlone({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  for (const char* code : {"  0  OK", "  1  ", "  2  ", "  3  ", "  4  ", "  5  ", "  6  ", "  7  ",
                           "  8  ", "130  "}) {
    EXPECT_THAT(run.out, HasSubstr(code));
  }
}

TEST_F(Pcapctl, TellsItsVersion) {
  const PcapctlRun run = RunPcapctlAlone({"--version"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "pcapctl " PCAPS_VERSION "\n");
}

TEST_F(Pcapctl, GetShowsACaptureAndAsksForAFreshOneWhenTold) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_RUNNING));
  const PcapctlRun people = PcapctlFixture::Pcapctl({"get", "a"});
  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_THAT(people.out, HasSubstr("status      running\n"));
  const PcapctlRun program = PcapctlFixture::Pcapctl({"get", "a", "--fresh", "--json"});
  EXPECT_THAT(program.out, AllOf(StartsWith("{\"id\":\"a\","), HasSubstr("STATUS_RUNNING")));
}

TEST_F(Pcapctl, ListShowsATableOrALineOfJsonForEach) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_RUNNING));
  gateway_.AddPcap(PcapInState("b", v1::Pcap::STATUS_SUCCESS));
  const PcapctlRun people = PcapctlFixture::Pcapctl({"list"});
  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_THAT(people.out, MatchesRegex("ID .*\nb .*success.*\na .*running.*\n"));
  const PcapctlRun program = PcapctlFixture::Pcapctl({"list", "--json"});
  EXPECT_THAT(program.out, MatchesRegex("\\{\"id\":\"b\".*\\}\n\\{\"id\":\"a\".*\\}\n"));
}

TEST_F(Pcapctl, StopSaysWhatWasDone) {
  v1::Pcap full = PcapInState("a", v1::Pcap::STATUS_RUNNING);
  full.set_type(v1::Pcap::TYPE_FULL);
  gateway_.AddPcap(full);
  EXPECT_EQ(PcapctlFixture::Pcapctl({"stop", "a"}).out, "stop requested\n");
  EXPECT_EQ(PcapctlFixture::Pcapctl({"stop", "a", "--json"}).out, "{}\n");
  EXPECT_EQ(PcapctlFixture::Pcapctl({"stop", "nobody"}).exit_code, 3);
}

TEST_F(Pcapctl, WatchTellsStatesOnceToPeopleAndEveryEventToPrograms) {
  v1::WatchEvent heartbeat;
  heartbeat.mutable_heartbeat()->set_stale(true);
  const v1::WatchEvent running = EventOf(PcapInState("a", v1::Pcap::STATUS_RUNNING));
  const WatchScript script = {
      .events = {running, heartbeat, running, EventOf(PcapInState("a", v1::Pcap::STATUS_SUCCESS))}};
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_RUNNING));
  gateway_.ScriptWatch(script);
  const PcapctlRun people = PcapctlFixture::Pcapctl({"watch", "a"});
  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_THAT(people.out, MatchesRegex("[^\n]*  running\n[^\n]*cannot reach the upstream[^\n]*\n"
                                       "[^\n]*  success\n"));
  gateway_.ScriptWatch(script);
  const PcapctlRun program = PcapctlFixture::Pcapctl({"watch", "a", "--json"});
  EXPECT_THAT(program.out, MatchesRegex("\\{\"pcap\"[^\n]*\n\\{\"heartbeat\"[^\n]*\n"
                                        "\\{\"pcap\"[^\n]*\n\\{\"pcap\"[^\n]*\n"));
}

TEST_F(Pcapctl, WatchWithoutAnIdNamesEveryCaptureInItsLine) {
  v1::WatchEvent removed;
  removed.set_removed_pcap_id("b");
  gateway_.ScriptWatch({.events = {EventOf(PcapInState("a", v1::Pcap::STATUS_RUNNING)),
                                   EventOf(PcapInState("b", v1::Pcap::STATUS_PENDING)),
                                   EventOf(PcapInState("a", v1::Pcap::STATUS_RUNNING)), removed},
                        .status = Retryable(v1::ERROR_REASON_STREAM_EXPIRED)});
  gateway_.ScriptWatch({.events = {EventOf(PcapInState("a", v1::Pcap::STATUS_SUCCESS))}});
  const PcapctlRun run = PcapctlFixture::Pcapctl({"watch"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, MatchesRegex("[^\n]*  a  running\n[^\n]*  b  pending\n"
                                    "[^\n]*  b  removed\n[^\n]*  a  success\n"));
}

TEST_F(Pcapctl, AWatchWhoseReaderLeftEnds) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_RUNNING));
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"watch", "a"}, std::vector<std::string>{"watch"}}) {
    gateway_.ScriptWatch(
        {.events = {EventOf(PcapInState("a", v1::Pcap::STATUS_RUNNING))}, .hold = true});
    const PcapctlRun run = PcapctlWithoutReader(args);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err, HasSubstr("standard output was closed by its reader"));
  }
}

}  // namespace
}  // namespace pcaps
