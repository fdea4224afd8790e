// pcapctl doctor with each thing broken in turn: the right line fails and names its fix, and no
// other does.
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fstream>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/integration/support/redis.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kRedisPassword[] = "integration-secret-redis-password";

// What the doctor said, finding by finding.
struct Diagnosis {
  int exit_code = -1;
  std::string out;
  std::vector<json::object> findings;

  json::object Of(const std::string& check) const {
    for (const json::object& finding : findings) {
      if (finding.at("check").as_string() == check) return finding;
    }
    return {};
  }
  // "ok", "warn", "fail", "skip"; empty where there is no such line.
  std::string Verdict(const std::string& check) const { return Text(check, "verdict"); }
  std::string Message(const std::string& check) const { return Text(check, "message"); }
  std::string Fix(const std::string& check) const { return Text(check, "fix"); }
  // Of all lines of the check, in their order.
  std::vector<std::string> Subjects(const std::string& check) const {
    std::vector<std::string> subjects;
    for (const json::object& finding : findings) {
      if (finding.at("check").as_string() != check) continue;
      subjects.emplace_back(finding.at("subject").as_string());
    }
    return subjects;
  }
  // "upstream, redis": what failed.
  std::string Failed() const {
    std::vector<std::string> names;
    for (const json::object& finding : findings) {
      if (finding.at("verdict") == "fail") names.emplace_back(finding.at("check").as_string());
    }
    return absl::StrJoin(names, ", ");
  }

 private:
  std::string Text(const std::string& check, const char* key) const {
    const json::object finding = Of(check);
    const json::value* const text = finding.if_contains(key);
    return text == nullptr ? "" : std::string(text->as_string());
  }
};

// A port nobody listens on, for a while at least.
std::string DeadAddress() {
  boost::asio::io_context loop;
  const boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  return absl::StrCat("127.0.0.1:", acceptor.local_endpoint().port());
}

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

class Doctor : public testing::Test {
 protected:
  // The file of a gateway before `emulator`, with `settings` laid over it.
  std::string ConfigFile(const json::object& settings = {}) {
    const json::object credential = {{"name", "main"}, {"token_file", TokenFile(kUpstreamToken)}};
    const json::object upstream = {{"base_url", world_.emulator.base_url()},
                                   {"ca_file", world_.emulator.ca_file()},
                                   {"connect_timeout", "1s"},
                                   {"credentials", json::array{credential}}};
    return directory_.Write("gateway.yaml",
                            json::serialize(Merge({{"upstream", upstream}}, settings)));
  }
  std::string TokenFile(const std::string& token) {
    const std::string file = directory_.Write("token", token);
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
  }
  static json::object Upstream(const json::object& upstream) { return {{"upstream", upstream}}; }
  // One credential with these of its settings changed.
  json::object Credential(const json::object& changed) {
    const json::object credential = {{"name", "main"}, {"token_file", directory_.File("token")}};
    return Upstream({{"credentials", json::array{Merge(credential, changed)}}});
  }
  json::object State(const Redis& redis, const json::object& more = {}) {
    return {{"state", Merge({{"redis_url", redis.url()}, {"command_timeout", "500ms"}}, more)}};
  }

  static void ExpectALineForEach(const Diagnosis& diagnosis) {
    std::set<std::pair<std::string, std::string>> told;
    for (const json::object& finding : diagnosis.findings) {
      const json::value* const subject = finding.if_contains("subject");
      const bool first = told.emplace(finding.at("check").as_string(),
                                      subject == nullptr ? "" : subject->as_string())
                             .second;
      EXPECT_TRUE(first) << "told twice: " << json::serialize(finding);
    }
  }

  Diagnosis Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {PCAPCTL, "doctor", "--json"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const Finished finished =
        RunToEnd(std::move(argv), {{"PCAPCTL_TARGET", world_.gateway.address()}});
    Diagnosis diagnosis{.exit_code = finished.exit_code, .out = finished.out + finished.err};
    for (const absl::string_view line : absl::StrSplit(finished.out, '\n', absl::SkipEmpty())) {
      json::error_code error;
      const json::value value = json::parse(std::string(line), error);
      EXPECT_TRUE(!error && value.is_object()) << line;
      if (!error && value.is_object()) diagnosis.findings.push_back(value.get_object());
    }
    ExpectALineForEach(diagnosis);
    EXPECT_EQ(diagnosis.exit_code == 0, diagnosis.Failed().empty()) << diagnosis.out;
    EXPECT_THAT(diagnosis.out,
                AllOf(Not(HasSubstr(kUpstreamToken)), Not(HasSubstr(kRedisPassword))));
    return diagnosis;
  }
  Diagnosis RunWithConfig(const json::object& settings = {}) {
    return Run({"--account", kAccount, "--config", ConfigFile(settings)});
  }

  World world_;
  const TempDir directory_;
};

// Expects that this check alone failed, and that its fix has these words.
void ExpectFailure(const Diagnosis& diagnosis, const std::string& check, const std::string& message,
                   const std::string& fix) {
  EXPECT_EQ(diagnosis.Failed(), check) << diagnosis.out;
  EXPECT_NE(diagnosis.exit_code, 0);
  EXPECT_THAT(diagnosis.Message(check), HasSubstr(message));
  EXPECT_THAT(diagnosis.Fix(check), HasSubstr(fix));
}

// The gateway refuses to start with a Redis, whatever Redis is like.
constexpr char kConfig[] = "config";

// Expects that Redis failed, and that its fix has these words.
void ExpectRedisFailure(const Diagnosis& diagnosis, const std::string& message,
                        const std::string& fix) {
  EXPECT_EQ(diagnosis.Failed(), "config, redis") << diagnosis.out;
  EXPECT_THAT(diagnosis.Message("redis"), HasSubstr(message));
  EXPECT_THAT(diagnosis.Fix("redis"), HasSubstr(fix));
}

TEST_F(Doctor, AllIsWell) {
  const Diagnosis diagnosis = RunWithConfig();
  EXPECT_EQ(diagnosis.exit_code, 0) << diagnosis.out;
  for (const char* check :
       {"gateway", "account", "config", "token", "upstream", "permission", "clock", "budget"}) {
    EXPECT_EQ(diagnosis.Verdict(check), "ok") << check << ": " << diagnosis.out;
  }
  EXPECT_EQ(diagnosis.Verdict("proxy"), "skip");
  EXPECT_EQ(diagnosis.Verdict("redis"), "skip");
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
  EXPECT_THAT(finished.err, HasSubstr("1 of 10 checks failed"));
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

TEST_F(Doctor, RedisIsWell) {
  const Redis redis;
  const Diagnosis diagnosis = RunWithConfig(State(redis));
  EXPECT_EQ(diagnosis.Failed(), kConfig) << diagnosis.out;
  EXPECT_EQ(diagnosis.Verdict("redis"), "ok");
  EXPECT_THAT(diagnosis.Message("redis"), HasSubstr("PING takes"));
}

TEST_F(Doctor, RedisIsDown) {
  const json::object state = {{"redis_url", absl::StrCat("redis://", DeadAddress())}};
  ExpectRedisFailure(RunWithConfig({{"state", state}}), "refused", "start Redis");
}

TEST_F(Doctor, RedisWantsAnotherPassword) {
  const Redis redis({"--requirepass", kRedisPassword});
  ExpectRedisFailure(RunWithConfig(State(redis)), "NOAUTH", "state.password_file");
  const std::string wrong = directory_.Write("password", "wrong");
  ExpectRedisFailure(RunWithConfig(State(redis, {{"password_file", wrong}})), "WRONGPASS",
                     "state.password_file");
  const std::string right = directory_.Write("password", kRedisPassword);
  EXPECT_EQ(RunWithConfig(State(redis, {{"password_file", right}})).Failed(), kConfig);
  EXPECT_EQ(
      RunWithConfig(State(redis, {{"password_file", right}, {"username", "default"}})).Failed(),
      kConfig);
}

TEST_F(Doctor, RedisUserMayNotDoIt) {
  const Redis redis({"--user", "gw", "on", absl::StrCat(">", kRedisPassword), "~*", "+ping"});
  const std::string file = directory_.Write("password", kRedisPassword);
  ExpectRedisFailure(RunWithConfig(State(redis, {{"password_file", file}, {"username", "gw"}})),
                     "NOPERM", "ACL");
}

TEST_F(Doctor, RedisUserMayNotWriteRunScriptsOrPublish) {
  const std::string file = directory_.Write("password", kRedisPassword);
  const std::vector<std::string> all = {"+set", "+eval", "+evalsha", "+publish"};
  for (const std::string& missing : all) {
    std::vector<std::string> flags = {
        "--user",   "gw",       "on",    absl::StrCat(">", kRedisPassword),
        "~pcaps:*", "&pcaps:*", "+ping", "+info"};
    for (const std::string& each : all) {
      if (each != missing) flags.push_back(each);
    }
    const Redis redis(flags);
    ExpectRedisFailure(RunWithConfig(State(redis, {{"password_file", file}, {"username", "gw"}})),
                       absl::StrCat("'", missing.substr(1), "'"), "ACL SETUSER gw ~pcaps:*");
  }
}

TEST_F(Doctor, RedisUserMayDoAllThatTheFixGivesHim) {
  const std::string file = directory_.Write("password", kRedisPassword);
  const json::object user = {{"password_file", file}, {"username", "gw"}};
  const Redis refuses({"--user", "gw", "on", absl::StrCat(">", kRedisPassword)});
  const std::string fix = RunWithConfig(State(refuses, user)).Fix("redis");
  const size_t rules = fix.find("gw ~");
  ASSERT_NE(rules, std::string::npos) << fix;
  std::vector<std::string> flags = {"--user", "gw", "on", absl::StrCat(">", kRedisPassword)};
  for (const absl::string_view rule : absl::StrSplit(fix.substr(rules + 3), ' ')) {
    flags.emplace_back(rule);
  }
  const Redis redis(flags);
  const Diagnosis diagnosis = RunWithConfig(State(redis, user));
  EXPECT_EQ(diagnosis.Failed(), kConfig) << diagnosis.out;
}

TEST_F(Doctor, RedisIsFull) {
  const Redis redis({"--maxmemory", "500kb", "--maxmemory-policy", "noeviction"});
  ExpectRedisFailure(RunWithConfig(State(redis)), "", "raise maxmemory");
}

TEST_F(Doctor, RedisLacksReplicas) {
  const Redis redis({"--min-replicas-to-write", "1"});
  ExpectRedisFailure(RunWithConfig(State(redis)), "NOREPLICAS", "min-replicas-to-write");
}

TEST_F(Doctor, RedisIsAReplica) {
  const Redis replica({"--replicaof", "127.0.0.1", "1"});
  ExpectRedisFailure(RunWithConfig(State(replica)), "cannot be written", "the master");
}

TEST_F(Doctor, RedisIsACluster) {
  const Redis cluster({"--cluster-enabled", "yes"});
  ExpectRedisFailure(RunWithConfig(State(cluster)), "cluster mode", "neither cluster");
}

TEST_F(Doctor, RedisEvicts) {
  const Redis redis({"--maxmemory-policy", "allkeys-lru"});
  const Diagnosis diagnosis = RunWithConfig(State(redis));
  EXPECT_EQ(diagnosis.Failed(), kConfig) << diagnosis.out;
  EXPECT_EQ(diagnosis.Verdict("redis"), "warn");
  EXPECT_THAT(diagnosis.Fix("redis"), HasSubstr("noeviction"));
}

TEST_F(Doctor, RedisHangs) {
  Redis redis;
  redis.process().Signal(SIGSTOP);
  const absl::Time begin = absl::Now();
  ExpectRedisFailure(RunWithConfig(State(redis)), "gives no answer", "is it stopped");
  EXPECT_LT(absl::Now() - begin, kPatience / 2);
}

TEST_F(Doctor, RedisOverTlsIsVerifiedOrSaidToBeImpossible) {
  const Certificate certificate;
  const Certificate another;
  const Redis redis({}, &certificate);
  const Diagnosis right = RunWithConfig(State(redis, {{"ca_file", certificate.file()}}));
  if (absl::StrContains(right.Message("redis"), "this hiredis has no TLS")) {  // Before 1.0.
    ExpectRedisFailure(right, "rediss://", "newer hiredis");
    return;
  }
  EXPECT_EQ(right.Verdict("redis"), "ok") << right.out;
  ExpectRedisFailure(RunWithConfig(State(redis, {{"ca_file", another.file()}})), "does not verify",
                     "state.ca_file");
  const json::object plain = {{"redis_url", absl::StrCat("redis://127.0.0.1:", redis.port())}};
  ExpectRedisFailure(RunWithConfig({{"state", plain}}), "", "rediss://");
}

}  // namespace
}  // namespace pcaps::integration
