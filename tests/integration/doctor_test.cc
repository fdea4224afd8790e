// pcapctl doctor with each thing broken in turn: the right line fails and names its fix, and no
// other does.
#include <signal.h>

#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "tests/integration/doctor_fixture.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

// Whether the process has come as far as to take SIGINT for itself.
bool TakesInterrupts(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    absl::string_view mask = line;
    uint64_t blocked = 0;
    if (!absl::ConsumePrefix(&mask, "SigBlk:")) continue;
    return absl::SimpleHexAtoi(absl::StripAsciiWhitespace(mask), &blocked) &&
           (blocked >> (SIGINT - 1) & 1) == 1;
  }
  return false;
}

// Expects that this check alone failed, and that its fix has these words.
void ExpectFailure(const Diagnosis& diagnosis, const std::string& check, const std::string& message,
                   const std::string& fix) {
  EXPECT_EQ(diagnosis.Failed(), check) << diagnosis.out;
  EXPECT_NE(diagnosis.exit_code, 0);
  EXPECT_THAT(diagnosis.Message(check), HasSubstr(message));
  EXPECT_THAT(diagnosis.Fix(check), HasSubstr(fix));
}

TEST_F(Doctor, AllIsWell) {
  const Diagnosis diagnosis = RunWithConfig();
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.out;
  for (const char* check :
       {"gateway", "account", "config", "token", "upstream", "permission", "clock", "budget"}) {
    EXPECT_EQ(diagnosis.Verdict(check), "ok") << check << ": " << diagnosis.out;
  }
  for (const char* check : {"tls", "callers", "proxy", "redis"}) {
    EXPECT_EQ(diagnosis.Verdict(check), "skip") << check;
  }
}

TEST_F(Doctor, CostsTheUpstreamOneRequestThroughTheGatewayAndOnePerCredential) {
  const int64_t before = world_.emulator.Requests();
  RunWithConfig();
  EXPECT_EQ(world_.emulator.Requests() - before, 2);
}

TEST_F(Doctor, SkipsWhatNeedsAnAccountWithoutOne) {
  const Diagnosis diagnosis = Run({"--config", ConfigFile()});
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.out;
  EXPECT_THAT(diagnosis.Message("account"), HasSubstr("--account"));
  EXPECT_THAT(diagnosis.Message("permission"), HasSubstr("--account"));
  EXPECT_EQ(diagnosis.Verdict("permission"), "skip");
  EXPECT_EQ(diagnosis.Verdict("upstream"), "ok");
}

TEST_F(Doctor, WithoutAConfigurationItAsksTheGatewayAlone) {
  const Diagnosis diagnosis = Run({"--account", kAccount});
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.out;
  EXPECT_EQ(diagnosis.findings.size(), 2U);
}

TEST_F(Doctor, WritesOneLineForEachCheckForPeople) {
  const Finished finished =
      RunToEnd({PCAPCTL, "doctor", "--target", DeadAddress(), "--config", ConfigFile()});
  EXPECT_EQ(finished.exit_code, 5);
  EXPECT_THAT(finished.out, testing::StartsWith("FAIL  gateway     "));
  EXPECT_THAT(finished.out, HasSubstr(". Fix: start the gateway"));
  EXPECT_THAT(finished.out, HasSubstr("\nok    upstream    "));
  EXPECT_THAT(finished.err, HasSubstr("1 of 12 checks failed"));
}

TEST_F(Doctor, OnAFullDiskIsNoSuccess) {
  const Finished finished =
      RunToEnd({"/bin/bash", "-c", absl::StrCat("'", PCAPCTL, "' doctor >/dev/full")},
               {{"PCAPCTL_TARGET", world_.gateway.address()}});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err, HasSubstr("cannot write to standard output"));
}

TEST_F(Doctor, GatewayDown) {
  const Diagnosis diagnosis =
      Run({"--target", DeadAddress(), "--account", kAccount, "--config", ConfigFile()});
  ExpectFailure(diagnosis, "gateway", "refused", "start the gateway");
  EXPECT_EQ(diagnosis.Verdict("account"), "skip");
  EXPECT_EQ(diagnosis.Verdict("permission"), "ok");
}

TEST_F(Doctor, GatewayDraining) {
  const json::object settings = {{"drain", {{"delay", "60s"}}}};
  Process gateway(
      {PCAPS_GATEWAY, "--config", ConfigFile(Merge(QuickSettings(world_.emulator), settings))});
  const auto line = gateway.err().WaitForLine(
      [](const std::string& text) { return absl::StrContains(text, "\"listening\""); });
  ASSERT_TRUE(line.has_value()) << gateway.err().text();
  const std::string address(json::parse(*line).at("listen").as_string());
  gateway.Signal(SIGTERM);
  Diagnosis diagnosis;
  EXPECT_TRUE(Eventually([&] {  // The signal takes its time.
    diagnosis = Run({"--target", address});
    return diagnosis.Verdict("gateway") == "fail";
  }));
  ExpectFailure(diagnosis, "gateway", "NOT_SERVING", "another replica");
}

TEST_F(Doctor, TargetIsTheWrongPort) {
  const std::string http = world_.emulator.base_url().substr(std::string("http://").size());
  const Diagnosis diagnosis = Run({"--target", http.substr(0, http.find('/'))});
  ExpectFailure(diagnosis, "gateway", "does not speak gRPC", "correct the port");
}

TEST_F(Doctor, TlsWhereTheGatewayHasNone) {
  ExpectFailure(Run({"--tls"}), "gateway", "no TLS connection", "leave out --tls");
}

TEST_F(Doctor, PlaintextWhereTheServerWantsTls) {
  const Certificate certificate;
  const Emulator tls({.certificate = &certificate});
  const std::string https = tls.base_url().substr(std::string("https://").size());
  const Diagnosis diagnosis = Run({"--target", https.substr(0, https.find('/'))});
  ExpectFailure(diagnosis, "gateway", "does not speak gRPC in plaintext", "add --tls");
}

TEST_F(Doctor, InterruptedTellsNothingItDidNotFind) {
  world_.gateway.process().Signal(SIGSTOP);
  Process doctor({PCAPCTL, "doctor", "--json", "--target", world_.gateway.address()});
  // It is interrupted before it asks, or while it waits for the answer.
  EXPECT_TRUE(Eventually([&] { return TakesInterrupts(doctor.pid()); }));
  doctor.Signal(SIGINT);
  EXPECT_EQ(doctor.Wait(), 130);
  world_.gateway.process().Signal(SIGCONT);
  EXPECT_EQ(doctor.out().text(), "");
}

TEST_F(Doctor, GatewayHangs) {
  world_.gateway.process().Signal(SIGSTOP);
  const Diagnosis diagnosis = Run({"--account", kAccount, "--timeout", "1s"});
  world_.gateway.process().Signal(SIGCONT);
  ExpectFailure(diagnosis, "gateway", "gives no answer", "restart it");
}

TEST_F(Doctor, NameOfTheTargetIsUnknown) {
  ExpectFailure(Run({"--target", "gateway.invalid:50051"}), "gateway", "gateway.invalid", "DNS");
}

TEST_F(Doctor, ConfigurationHasUnknownKeys) {
  const std::string file = directory_.Write("bad.yaml", "lisen: x\nwatch: {max_streams: many}\n");
  const Diagnosis diagnosis = Run({"--config", file});
  ExpectFailure(diagnosis, "config", "line 1: unknown key lisen", "correct the file");
  EXPECT_THAT(diagnosis.Message("config"), HasSubstr("line 2: watch.max_streams"));
  EXPECT_EQ(diagnosis.Verdict("upstream"), "");
}

TEST_F(Doctor, ConfigurationFileIsMissing) {
  ExpectFailure(Run({"--config", "/nowhere/gateway.yaml"}), "config", "/nowhere/gateway.yaml",
                "file");
}

TEST_F(Doctor, TokenFileIsMissing) {
  const Diagnosis diagnosis =
      RunWithConfig(Credential({{"token_file", directory_.File("no-token")}}));
  ExpectFailure(diagnosis, "token", "does not exist", "correct token_file");
  EXPECT_EQ(diagnosis.Verdict("permission"), "skip");
}

TEST_F(Doctor, TokenFileIsEmpty) {
  const std::string file = directory_.Write("empty", " \n");
  ExpectFailure(RunWithConfig(Credential({{"token_file", file}})), "token", "is empty",
                "put the API token there");
}

TEST_F(Doctor, TokenIsMissingInTheEnvironment) {
  ExpectFailure(RunWithConfig(Credential({{"token_file", ""}})), "token", "CLOUDFLARE_API_TOKEN",
                "set it here");
}

TEST_F(Doctor, TokenFileIsReadableByEverybody) {
  const std::string file = directory_.Write("open", kUpstreamToken);
  std::filesystem::permissions(file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const Diagnosis diagnosis = RunWithConfig(Credential({{"token_file", file}}));
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.out;
  EXPECT_EQ(diagnosis.Verdict("token"), "warn");
  EXPECT_THAT(diagnosis.Fix("token"), HasSubstr("chmod"));
}

TEST_F(Doctor, TokenIsWrong) {
  const std::string file = directory_.Write("wrong", "not-the-token");
  const Diagnosis diagnosis = RunWithConfig(Credential({{"token_file", file}}));
  ExpectFailure(diagnosis, "permission", "refuses the token", file);
  EXPECT_EQ(diagnosis.Verdict("upstream"), "ok");
}

TEST_F(Doctor, GatewaysTokenIsWrong) {
  const json::object credential = {{"name", "x"},
                                   {"token_file", directory_.Write("wrong", "not-the-token")}};
  const Gateway gateway(world_.emulator, Upstream({{"credentials", json::array{credential}}}));
  ExpectFailure(Run({"--target", gateway.address(), "--account", kAccount}), "account",
                "UPSTREAM_CREDENTIALS_REJECTED", "upstream.credentials");
}

TEST_F(Doctor, AccountIsNotAllowed) {
  Emulator emulator({.flags = {"--account", "another-account"}});
  const Gateway gateway(emulator);
  const Diagnosis diagnosis = Run({"--target", gateway.address(), "--account", kAccount, "--config",
                                   ConfigFile(Upstream({{"base_url", emulator.base_url()}}))});
  EXPECT_EQ(diagnosis.Failed(), "account, permission") << diagnosis.out;
  EXPECT_THAT(diagnosis.Message("account"), HasSubstr("UPSTREAM_ACCOUNT_FORBIDDEN"));
  EXPECT_THAT(diagnosis.Fix("account"), HasSubstr("correct --account"));
  EXPECT_THAT(diagnosis.Fix("permission"), HasSubstr("account permission"));
}

TEST_F(Doctor, CredentialIsAskedWithAnAccountOfItsOwn) {
  Emulator emulator({.flags = {"--account", "its-own"}});
  const json::object changed = Credential({{"accounts", json::array{"its-own"}}});
  const Diagnosis diagnosis =
      RunWithConfig(Merge(Upstream({{"base_url", emulator.base_url()}}), changed));
  EXPECT_EQ(diagnosis.Failed(), "") << diagnosis.out;
  EXPECT_THAT(diagnosis.Message("permission"), HasSubstr("its-own"));
}

TEST_F(Doctor, BaseUrlIsWrong) {
  const Diagnosis diagnosis =
      RunWithConfig(Upstream({{"base_url", world_.emulator.base_url() + "/v5"}}));
  ExpectFailure(diagnosis, "permission", "7003", "correct upstream.base_url");
}

TEST_F(Doctor, UpstreamIsDown) {
  const Diagnosis diagnosis =
      RunWithConfig(Upstream({{"base_url", absl::StrCat("http://", DeadAddress())}}));
  ExpectFailure(diagnosis, "upstream", "refused", "upstream.base_url");
  EXPECT_EQ(diagnosis.Verdict("clock"), "skip");
}

TEST_F(Doctor, EveryCredentialHasItsLinesWhenTheFirstGetsNoAnswer) {
  const json::object first = {
      {"name", "first"}, {"token_file", TokenFile(kUpstreamToken)}, {"accounts", json::array{"a"}}};
  const json::object second = {{"name", "second"},
                               {"token_file", TokenFile(kUpstreamToken)},
                               {"accounts", json::array{"b"}}};
  const std::string url = world_.emulator.base_url();  // Which is no proxy.
  const Diagnosis diagnosis =
      RunWithConfig(Upstream({{"proxy", url.substr(0, url.find("/client"))},
                              {"base_url", "https://api.invalid/client/v4"},
                              {"credentials", json::array{first, second}}}));
  EXPECT_EQ(diagnosis.Failed(), "upstream") << diagnosis.out;
  for (const char* check : {"permission", "budget"}) {
    EXPECT_EQ(diagnosis.Subjects(check), (std::vector<std::string>{"first", "second"}))
        << diagnosis.out;
  }
}

TEST_F(Doctor, GatewaysUpstreamIsDown) {
  const Gateway gateway(world_.emulator,
                        Upstream({{"base_url", absl::StrCat("http://", DeadAddress())}}));
  ExpectFailure(Run({"--target", gateway.address(), "--account", kAccount}), "account",
                "UPSTREAM_UNAVAILABLE", "--config");
}

TEST_F(Doctor, NameOfTheUpstreamIsUnknown) {
  ExpectFailure(RunWithConfig(Upstream({{"base_url", "https://api.invalid/client/v4"}})),
                "upstream", "api.invalid", "DNS");
}

TEST_F(Doctor, UpstreamIsInTrouble) {
  const std::string config = ConfigFile();
  world_.emulator.AddFaults({{"fault", "status"}, {"status", 503}});
  ExpectFailure(Run({"--config", config}), "upstream", "503", "wait");
}

TEST_F(Doctor, SomethingElseAnswersInTheUpstreamsPlace) {
  world_.emulator.AddFaults({{"fault", "html"}, {"status", 200}});
  ExpectFailure(Run({"--config", ConfigFile()}), "upstream", "makes no sense",
                "correct upstream.base_url");
}

TEST_F(Doctor, CertificateOfTheUpstreamDoesNotVerify) {
  const Certificate certificate;
  const Certificate another;
  const Emulator tls({.certificate = &certificate});
  const json::object right = {{"base_url", tls.base_url()}, {"ca_file", tls.ca_file()}};
  EXPECT_EQ(RunWithConfig(Upstream(right)).Failed(), "");
  ExpectFailure(RunWithConfig(Upstream(Merge(right, {{"ca_file", another.file()}}))), "upstream",
                "certificate", "upstream.ca_file");
}

TEST_F(Doctor, CaFileHoldsNoCertificate) {
  const std::string empty = directory_.Write("ca.pem", "nothing");
  ExpectFailure(RunWithConfig(Upstream({{"ca_file", empty}})), "upstream", "no certificate",
                "upstream.ca_file");
  ExpectFailure(RunWithConfig(Upstream({{"ca_file", "/nowhere/ca.pem"}})), "upstream",
                "cannot be read", "upstream.ca_file");
}

TEST_F(Doctor, ProxyIsDown) {
  const Diagnosis diagnosis =
      RunWithConfig(Upstream({{"proxy", absl::StrCat("http://u:pw-of-proxy@", DeadAddress())}}));
  ExpectFailure(diagnosis, "proxy", "refused", "start the proxy");
  EXPECT_THAT(diagnosis.out, Not(HasSubstr("pw-of-proxy")));
  EXPECT_EQ(diagnosis.Verdict("upstream"), "skip");
}

TEST_F(Doctor, ProxyDoesNotLetUsThrough) {
  const std::string url = world_.emulator.base_url();  // Which is no proxy.
  const json::object proxied = {{"proxy", url.substr(0, url.find("/client"))},
                                {"base_url", "https://api.invalid/client/v4"}};
  ExpectFailure(RunWithConfig(Upstream(proxied)), "upstream", "no answer", "let the proxy connect");
}

TEST_F(Doctor, ClockIsWrong) {
  const std::string config = ConfigFile();
  world_.emulator.Control("POST", "clock", {{"date_offset_s", 60}});
  ExpectFailure(Run({"--config", config}), "clock", "behind", "NTP");
  world_.emulator.Control("POST", "clock", {{"date_offset_s", -60}});
  ExpectFailure(Run({"--config", config}), "clock", "ahead", "NTP");
}

TEST_F(Doctor, BudgetIsLow) {
  const std::string config = ConfigFile();
  world_.emulator.Control("POST", "rate_limit", {{"requests", 1}, {"window_s", 300}});
  ExpectFailure(Run({"--config", config}), "budget", "0 of 1 requests left, new ones in 5m",
                "spends the requests");
}

TEST_F(Doctor, BudgetIsSpent) {
  const std::string config = ConfigFile();
  world_.emulator.Control("POST", "rate_limit",
                          {{"enabled", true}, {"requests", 0}, {"block_s", 120}});
  const Diagnosis diagnosis = Run({"--config", config});
  ExpectFailure(diagnosis, "budget", "in 2m", "wait");
  EXPECT_THAT(diagnosis.Message("budget"), HasSubstr("UTC"));
  EXPECT_EQ(diagnosis.Verdict("permission"), "skip");
  const Diagnosis through_gateway = Run({"--account", kAccount});
  ExpectFailure(through_gateway, "account", "UPSTREAM_RATE_LIMITED", "wait");
}

}  // namespace
}  // namespace pcaps::integration
