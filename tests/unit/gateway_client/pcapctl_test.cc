// The commands that ask once, and what the command line accepts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "clients/base/error.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class Pcapctl : public PcapctlFixture {};

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

TEST_F(Pcapctl, AKeyInTheWrongPlaceIsNotShown) {
  const std::string bucket = "r2://b?access-key-id=AKID1&secret-access-key=SUPER;SECRET";
  const std::vector<std::vector<std::string>> misplaced = {
      {"capture", "--colo", "ord02", "--bucket", bucket},
      {"capture", "--colo", "ord02", "--bucket=" + bucket},
      {"capture", "full", "--colo", "ord02", "--buckt", bucket},
      {"capture", "full", "--colo", "ord02", bucket},
      {"capture", "full", "--colo", "ord02", "--bukket=" + bucket},
      {"list", "secret-access-key=SUPER;SECRET"},
      {"list", "SUPER;SECRET-AKID1"},
      {"list", bucket},
      {bucket},
      {"ownership", bucket},
      {"ownership", "list", "--bucket", bucket},
      {"create", "--sport", bucket},
      {"create", "--time-limit", bucket},
      {"create", "--filter", bucket},
      {"create", "--protocol", bucket},
      {"create", "--offset-time=" + bucket},
      {"create", "--account", kAccount, "--from", bucket},
      {"list", "--account", kAccount, "--token-file=" + bucket},
      {"download", "a", "--account", kAccount, "-o", bucket},
  };
  for (const std::vector<std::string>& args : misplaced) {
    for (const bool json : {false, true}) {
      std::vector<std::string> all = args;
      if (json) all.emplace_back("--json");
      const PcapctlRun run = RunPcapctlAlone(all);
      EXPECT_EQ(run.exit_code, 2) << run.err;
      EXPECT_THAT(run.err,
                  AllOf(Not(HasSubstr("SUPER")), Not(HasSubstr("SECRET")), Not(HasSubstr("AKID1"))))
          << testing::PrintToString(args);
    }
  }
}

TEST_F(Pcapctl, WordsThatAreNotExpectedAreNamedInTheirOrder) {
  EXPECT_EQ(RunPcapctlAlone({"list", "--al", "one", "--b=two"}).err,
            "pcapctl: INVALID_ARGUMENT: not expected: --al one --b=two; see pcapctl --help\n");
  EXPECT_EQ(RunPcapctlAlone({"list", ""}).err,
            "pcapctl: INVALID_ARGUMENT: not expected: ''; see pcapctl --help\n");
}

TEST_F(Pcapctl, AnOptionOfAFullCaptureSaysWhereItGoes) {
  EXPECT_EQ(RunPcapctlAlone({"capture", "--colo", "ord02", "--bucket", "s3://b/d"}).err,
            "pcapctl: INVALID_ARGUMENT: not expected: --colo ord02 --bucket s3://b/d; --colo goes "
            "after 'capture full'; see pcapctl --help\n");
  EXPECT_THAT(RunPcapctlAlone({"create", "simple", "--bytes=5"}).err,
              HasSubstr("not expected: --bytes=5; --bytes goes after 'create full'"));
}

TEST_F(Pcapctl, AnUnknownCommandIsNamed) {
  EXPECT_EQ(RunPcapctlAlone({"lsit"}).err,
            "pcapctl: INVALID_ARGUMENT: no such command: lsit; see pcapctl --help\n");
  EXPECT_EQ(RunPcapctlAlone({"ownership", "lst"}).err,
            "pcapctl: INVALID_ARGUMENT: no such command: ownership lst; see pcapctl --help\n");
  EXPECT_THAT(RunPcapctlAlone({"ownership"}).err, HasSubstr("subcommand is required"));
}

TEST_F(Pcapctl, AnEmptyValueIsRefusedWhereItWouldMeanEverything) {
  for (const char* option :
       {"--src", "--dst", "--sport", "--dport", "--protocol", "--packets", "--from", "--to"}) {
    const PcapctlRun run = PcapctlFixture::Pcapctl({"create", option, ""});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr(std::string(option) + ": is empty"));
  }
  const PcapctlRun full = PcapctlFixture::Pcapctl(
      {"create", "full", "--colo", "ORD", "--bucket", "gs://b", "--bytes", ""});
  EXPECT_THAT(full.err, HasSubstr("--bytes: is empty"));
  EXPECT_TRUE(gateway_.creates().empty());
  const PcapctlRun watch = PcapctlFixture::Pcapctl({"watch", ""});
  EXPECT_EQ(watch.exit_code, 2);
  EXPECT_THAT(watch.err, HasSubstr("id: is empty"));
  EXPECT_EQ(gateway_.watches(), 0);
}

TEST_F(Pcapctl, AFullDiskIsNoSuccess) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS));
  gateway_.ScriptWatch({.events = {EventOf(PcapInState("a", v1::Pcap::STATUS_SUCCESS))}});
  const std::vector<std::string> reach = {"--target", gateway_.target(), "--account", kAccount};
  for (std::vector<std::string> args : {std::vector<std::string>{"--help"},
                                        {"capture", "--help"},
                                        {"--version"},
                                        {"completion", "bash"},
                                        {"list"},
                                        {"watch", "a"}}) {
    args.insert(args.end(), reach.begin(), reach.end());
    const PcapctlRun run = RunPcapctlOnFullDisk(args);
    EXPECT_EQ(run.exit_code, 1) << testing::PrintToString(args);
    EXPECT_EQ(run.err, "pcapctl: UNKNOWN: cannot write to standard output\n");
  }
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
