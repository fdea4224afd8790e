// The program itself: its flags, its start, its log, its end.
#include <signal.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

Finished CheckConfig(const std::string& yaml) {
  const TempDir directory;
  return RunToEnd(
      {PCAPS_GATEWAY, "--check-config", "--config", directory.Write("gateway.yaml", yaml)});
}

TEST(Program, ExplainsItselfAndItsVersion) {
  const Finished help = RunToEnd({PCAPS_GATEWAY, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("--config"));
  EXPECT_THAT(help.out, HasSubstr("--check-config"));
  const Finished version = RunToEnd({PCAPS_GATEWAY, "--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, HasSubstr(absl::StrCat("pcaps-gateway ", PCAPS_VERSION)));
  EXPECT_NE(RunToEnd({PCAPS_GATEWAY, "--no-such-flag"}).exit_code, 0);
}

TEST(Program, CheckConfigAcceptsASoundFile) {
  const Finished checked = CheckConfig("listen: 127.0.0.1:0\nlog: {level: debug}\n");
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(checked.err, "");
}

TEST(Program, CheckConfigNamesEveryMistakeWithItsLine) {
  const Finished checked = CheckConfig(
      "listen: 127.0.0.1:0\n"
      "watch:\n"
      "  min_poll_intervall: 1s\n"
      "  max_duration: soon\n");
  EXPECT_EQ(checked.exit_code, 2);
  EXPECT_THAT(checked.err, HasSubstr("min_poll_intervall"));
  EXPECT_THAT(checked.err, HasSubstr("line 3"));
  EXPECT_THAT(checked.err, HasSubstr("max_duration"));
  EXPECT_THAT(checked.err, HasSubstr("line 4"));
}

TEST(Program, CheckConfigRefusesWhatIsNoYamlAndWhatIsNoFile) {
  const Finished broken = CheckConfig("listen: [\n");
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_THAT(broken.err, HasSubstr("line"));
  const Finished missing = RunToEnd({PCAPS_GATEWAY, "--config", "/nowhere/gateway.yaml"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("/nowhere/gateway.yaml"));
}

TEST(Program, RefusesToListenWhereOthersReachItUnlessTold) {
  const Finished open = CheckConfig("listen: 0.0.0.0:50051\n");
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.err, HasSubstr("allow_insecure"));
  EXPECT_EQ(CheckConfig("listen: 0.0.0.0:50051\nauth: {allow_insecure: true}\n").exit_code, 0);
}

TEST(Program, RefusesPlainHttpToAnotherMachineUnlessTold) {
  const Finished plain = CheckConfig("upstream: {base_url: 'http://192.0.2.1/client/v4'}\n");
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_THAT(plain.err, HasSubstr("base_url"));
}

TEST(Program, CheckConfigOpensTheFilesItNames) {
  const TempDir directory;
  const std::string empty = directory.Write("empty", "\n");
  const auto token = [](const std::string& file) {
    return CheckConfig(absl::StrCat("upstream: {credentials: [{token_file: ", file, "}]}\n"));
  };
  EXPECT_EQ(token(directory.Write("token", "t")).exit_code, 0);
  EXPECT_EQ(token(empty).exit_code, 2);
  EXPECT_THAT(token("/nowhere/token").err, HasSubstr("/nowhere/token does not exist"));
  const Finished ca = CheckConfig(absl::StrCat("upstream: {ca_file: ", empty, "}\n"));
  EXPECT_EQ(ca.exit_code, 2);
  EXPECT_THAT(ca.err, HasSubstr("no certificate"));
}

TEST(Program, CheckConfigAsksNoRedis) {
  const Finished checked = CheckConfig("state: {redis_url: 'redis://127.0.0.1:1'}\n");
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

TEST(Program, WithoutATokenItSaysWhereOneIsExpected) {
  const TempDir directory;
  const std::string config =
      directory.Write("gateway.yaml", "listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\n");
  const Finished started = RunToEnd({PCAPS_GATEWAY, "--config", config});
  EXPECT_EQ(started.exit_code, 1);
  EXPECT_THAT(started.err, HasSubstr("CLOUDFLARE_API_TOKEN"));
}

TEST(Program, TakesItsTokenFromTheEnvironment) {
  Emulator emulator;
  const TempDir directory;
  const std::string config =
      directory.Write("gateway.yaml", json::serialize(QuickSettings(emulator)));
  Process process({PCAPS_GATEWAY, "--config", config}, {{"CLOUDFLARE_API_TOKEN", kUpstreamToken}});
  const auto line = process.err().WaitForLine(
      [](const std::string& text) { return absl::StrContains(text, "\"listening\""); });
  ASSERT_TRUE(line.has_value()) << process.err().text();
  const std::string address(json::parse(*line).at("listen").as_string());
  const auto listed = Caller(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))
                          .Call(Text<v1::ListPcapsRequest>("account_id: 'a'"));
  EXPECT_TRUE(listed.status.ok()) << listed.status;
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
}

TEST(Program, PortThatIsTakenIsToldAndEndsIt) {
  World world;
  const TempDir directory;
  const json::object taken = {{"listen", world.gateway.address()}};
  const std::string config =
      directory.Write("gateway.yaml", json::serialize(Merge(QuickSettings(world.emulator), taken)));
  const Finished second =
      RunToEnd({PCAPS_GATEWAY, "--config", config}, {{"CLOUDFLARE_API_TOKEN", kUpstreamToken}});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr(absl::StrCat("cannot listen on ", world.gateway.address())));
}

TEST(Program, SaysWhatItListensOnAndTalksTo) {
  World world;
  const json::object line = world.gateway.WaitForEvent("listening");
  ASSERT_FALSE(line.empty());
  EXPECT_EQ(line.at("upstream").as_string(), world.emulator.base_url());
  EXPECT_EQ(line.at("version"), PCAPS_VERSION);
}

TEST(Program, WritesOneLineForEveryCall) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  const std::string trace_id = "0af7651916cd43dd8448eb211c80319c";
  world.caller.Call(GetRequest(pcap.id()),
                    {{"request-id", "call-1"},
                     {"traceparent", absl::StrCat("00-", trace_id, "-b7ad6b7169203331-01")}});
  world.caller.Call(GetRequest("nothing"), {{"request-id", "call-2"}});
  world.caller.Call(DownloadRequest(pcap.id()), {{"request-id", "call-3"}});
  world.caller.Call(GetRequest(""), {{"request-id", "call-4"}});

  const json::object got = world.gateway.WaitForRpc("call-1");
  EXPECT_EQ(got.at("method"), "/pcaps.v1.PcapsService/GetPcap");
  EXPECT_EQ(got.at("code"), "OK");
  EXPECT_EQ(got.at("account"), kAccount);
  EXPECT_EQ(got.at("pcap_id").as_string(), pcap.id());
  EXPECT_EQ(got.at("trace_id").as_string(), trace_id);
  EXPECT_GT(got.at("duration_us").to_number<int64_t>(), 0);
  const json::object missed = world.gateway.WaitForRpc("call-2");
  EXPECT_EQ(missed.at("code"), "NOT_FOUND");
  EXPECT_EQ(missed.at("reason"), "CAPTURE_NOT_FOUND");
  EXPECT_NE(missed.at("cf_ray").as_string(), "");
  const json::object downloaded = world.gateway.WaitForRpc("call-3");
  EXPECT_GE(downloaded.at("messages_sent").to_number<int64_t>(), 3);
  EXPECT_EQ(world.gateway.WaitForRpc("call-4").at("reason"), "INVALID_FIELD");

  int lines = 0;
  for (const json::object& line : world.gateway.Log()) {
    const json::value* const id = line.if_contains("request_id");
    lines += id != nullptr && absl::StartsWith(std::string(id->as_string()), "call-");
  }
  EXPECT_EQ(lines, 4);
}

TEST(Program, WhatACallerPutsIntoHeadersCannotForgeALogLine) {
  World world;
  world.caller.Call(GetRequest("nothing"), {{"request-id", "x\" y"}, {"traceparent", "forged"}});
  world.caller.Call(GetRequest("nothing"), {{"request-id", "last"}});
  EXPECT_FALSE(world.gateway.WaitForRpc("last").empty());
  EXPECT_THAT(world.gateway.RawLog(), Not(HasSubstr("forged")));
  EXPECT_THAT(world.gateway.RawLog(), Not(HasSubstr("x\\\" y")));
}

TEST(Program, SecretsReachNeitherTheLogNorAnAnswer) {
  const std::string secret = "planted-secret-access-key";
  World world;
  v1::CreatePcapRequest request = FullRequest();
  request.mutable_full()->set_destination_conf(
      absl::StrCat("r2://bucket?account-id=x&access-key-id=y&secret-access-key=", secret));
  std::string answers;
  const auto note = [&answers](const auto& answer) {
    absl::StrAppend(&answers, answer.status.ToString(), answer.response.DebugString());
    for (const auto& [key, value] : answer.headers) absl::StrAppend(&answers, key, value);
  };
  const auto created = world.caller.Call(request);
  EXPECT_TRUE(created.status.ok()) << created.status;
  EXPECT_THAT(created.response.full().destination_conf(), HasSubstr("REDACTED"));
  note(created);
  note(world.caller.Call(GetRequest(created.response.id())));
  note(world.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'account-1'")));
  // The upstream repeats what it was sent.
  world.emulator.AddFaults({{"endpoint", "*"},
                            {"fault", "status"},
                            {"status", 400},
                            {"message", absl::StrCat("no bucket with the key ", secret)}});
  note(world.caller.Call(request));
  request.mutable_full()->mutable_destination_conf()->append(" ");
  note(world.caller.Call(request, {{"request-id", "last"}}));
  EXPECT_FALSE(world.gateway.WaitForRpc("last").empty());
  for (const std::string& each : {secret, std::string(kUpstreamToken)}) {
    EXPECT_THAT(answers, Not(HasSubstr(each)));
    EXPECT_THAT(world.gateway.RawLog(), Not(HasSubstr(each)));
  }
}

TEST(Program, InterruptEndsItWithoutTheDelayOfADrain) {
  World world({{"drain", {{"delay", "60s"}}}});
  world.gateway.process().Signal(SIGINT);
  EXPECT_EQ(world.gateway.process().Wait(), 0);
  EXPECT_FALSE(world.gateway.WaitForEvent("drained").empty());
}

}  // namespace
}  // namespace pcaps::integration
