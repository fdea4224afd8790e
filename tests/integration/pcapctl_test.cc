// pcapctl, the program, before a real gateway.
#include <csignal>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

Process::Environment EnvironmentFor(const Gateway& gateway) {
  return {{"PCAPCTL_TARGET", gateway.address()}, {"PCAPCTL_ACCOUNT", kAccount}};
}

Finished Pcapctl(const World& world, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {PCAPCTL};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunToEnd(std::move(argv), EnvironmentFor(world.gateway));
}

// The id of the account's only capture.
std::string OnlyCapture(World& world) {
  const auto page = world.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'account-1'"));
  EXPECT_EQ(page.response.pcaps_size(), 1) << page.status;
  return page.response.pcaps_size() == 1 ? page.response.pcaps(0).id() : "";
}

void ExpectCaptureIntoAFileWorks(World& world) {
  const TempDir directory;
  const Finished captured = Pcapctl(world, {"capture", "--packets", "50", "--dport", "443",
                                            "--protocol", "tcp", "-o", directory.File("a.pcap")});
  EXPECT_EQ(captured.exit_code, 0) << captured.err;
  EXPECT_TRUE(directory.Read("a.pcap") == world.emulator.Download(kAccount, OnlyCapture(world)));
}

TEST(PcapctlProgram, CapturesIntoAFile) {
  World world;
  ExpectCaptureIntoAFileWorks(world);
}

TEST(PcapctlProgram, CapturesThroughATlsUpstream) {
  const Certificate certificate;
  World world({}, {.certificate = &certificate});
  ExpectCaptureIntoAFileWorks(world);
}

TEST(PcapctlProgram, CapturesIntoAPipeWithNothingElseInIt) {
  World world;
  const Finished captured = Pcapctl(world, {"capture", "--packets", "50", "-o", "-"});
  EXPECT_EQ(captured.exit_code, 0) << captured.err;
  EXPECT_TRUE(captured.out == world.emulator.Download(kAccount, OnlyCapture(world)));
  EXPECT_THAT(captured.err, HasSubstr("success"));
}

TEST(PcapctlProgram, ShowsCapturesForPeopleAndForPrograms) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"list"}, std::vector<std::string>{"get", pcap.id()}}) {
    const Finished table = Pcapctl(world, command);
    EXPECT_EQ(table.exit_code, 0) << table.err;
    EXPECT_THAT(table.out, HasSubstr(pcap.id()));
    std::vector<std::string> with_json = command;
    with_json.emplace_back("--json");
    const Finished line = Pcapctl(world, with_json);
    EXPECT_EQ(line.exit_code, 0) << line.err;
    EXPECT_EQ(json::parse(line.out).at("id").as_string(), pcap.id());
    EXPECT_EQ(json::parse(line.out).at("status"), "STATUS_SUCCESS");
  }
}

TEST(PcapctlProgram, WatchesAndStopsAFullCapture) {
  World world;
  const v1::Pcap full = world.CreateFull();
  Process watch({PCAPCTL, "--target", world.gateway.address(), "--account", kAccount, "watch",
                 full.id(), "--json"});
  EXPECT_TRUE(watch.out().WaitForLine([](const std::string& line) {
    return absl::StrContains(line, "STATUS_RUNNING");
  })) << watch.err().text();
  const Finished stopped = Pcapctl(world, {"stop", full.id()});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  EXPECT_EQ(watch.Wait(), 0) << watch.err().text();
  EXPECT_THAT(watch.out().text(), HasSubstr("STATUS_SUCCESS"));
}

TEST(PcapctlProgram, ErrorShowsReasonFieldsAndRequestIdAndSetsTheExitCode) {
  World world;
  const Finished missing = Pcapctl(world, {"get", "nothing", "--request-id", "mine"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("CAPTURE_NOT_FOUND"));
  EXPECT_THAT(missing.err, HasSubstr("request id mine"));
  const Finished bad = Pcapctl(world, {"get", "a/b"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("pcap_id: "));
  const Finished in_json = Pcapctl(world, {"get", "nothing", "--json"});
  EXPECT_EQ(in_json.exit_code, 3);
  EXPECT_EQ(json::parse(in_json.err).at("error").at("reason"), "CAPTURE_NOT_FOUND");
  const v1::Pcap open = world.CreateSimple();
  world.PinStatus(open, "running");
  EXPECT_EQ(Pcapctl(world, {"download", open.id(), "-o", "-"}).exit_code, 5);
  EXPECT_EQ(Pcapctl(world, {"no-such-command"}).exit_code, 2);
}

TEST(PcapctlProgram, FileAppearsOnlyWhenItIsWhole) {
  World world;
  const TempDir directory;
  const v1::Pcap pcap = world.CreateDone();
  world.emulator.AddFaults({{"endpoint", "download_pcap"}, {"fault", "not_pcap"}});
  const Finished broken =
      Pcapctl(world, {"download", pcap.id(), "-o", directory.File("broken.pcap")});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(directory.File("broken.pcap")));
}

TEST(PcapctlProgram, TurnsTcpdumpsWordsAndTimesOfTheDayIntoACapture) {
  World world;
  const Finished created = Pcapctl(world, {"create", "--json", "--from", "-10m", "--to", "-8m",
                                           "--filter", "src 192.0.2.1 and tcp dst port https"});
  EXPECT_EQ(created.exit_code, 0) << created.err;
  const auto found = world.caller.Call(GetRequest(OnlyCapture(world)));
  EXPECT_EQ(found.response.time_limit().seconds(), 120);
  EXPECT_EQ(found.response.filter().ShortDebugString(),
            Text<v1::Filter>("source_address: '192.0.2.1' destination_port: 443 protocol: 6")
                .ShortDebugString());
}

// `watch` without an id follows all captures, those made meanwhile too.
TEST(PcapctlProgram, WatchesEveryCaptureOfTheAccountUntilInterrupted) {
  World world;
  const v1::Pcap first = world.CreateDone();
  Process watch({PCAPCTL, "watch"}, EnvironmentFor(world.gateway));
  const auto names = [](const v1::Pcap& pcap) {
    return [id = pcap.id()](const std::string& line) { return absl::StrContains(line, id); };
  };
  EXPECT_TRUE(watch.out().WaitForLine(names(first))) << watch.err().text();
  const v1::Pcap second = world.CreateFull();
  EXPECT_TRUE(watch.out().WaitForLine(names(second))) << watch.err().text();
  watch.Signal(SIGTERM);
  EXPECT_EQ(watch.Wait(), 130);
}

TEST(PcapctlProgram, WatchDoesNotOutliveItsReader) {
  World world({{"watch", {{"heartbeat_interval", "1s"}}}});
  const v1::Pcap full = world.CreateFull();
  world.PinStatus(full, "running");
  // bash waits for both ends of the pipe.
  const Finished piped = RunToEnd(
      {"/bin/bash", "-c", absl::StrCat("'", PCAPCTL, "' watch ", full.id(), " | head -n1")},
      EnvironmentFor(world.gateway));
  EXPECT_THAT(piped.out, HasSubstr("running"));
  EXPECT_THAT(piped.err, HasSubstr("closed by its reader"));
}

TEST(PcapctlProgram, WatchOnAFullDiskSaysSo) {
  World world;
  const v1::Pcap full = world.CreateFull();
  world.PinStatus(full, "running");
  const Finished finished = RunToEnd(
      {"/bin/bash", "-c", absl::StrCat("'", PCAPCTL, "' watch ", full.id(), " >/dev/full")},
      EnvironmentFor(world.gateway));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err, HasSubstr("cannot write to standard output"));
}

TEST(PcapctlProgram, WritesNoLinesOfGrpcAmongItsOwn) {
  World world;
  const Finished finished = Pcapctl(world, {"list", "--tls", "--json"});
  EXPECT_EQ(finished.exit_code, 7);
  json::error_code error;
  json::parse(finished.err, error);
  EXPECT_FALSE(error) << finished.err;
}

}  // namespace
}  // namespace pcaps::integration
