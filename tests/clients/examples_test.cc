// The examples of clients/gateway/examples: what strangers copy works, and says the same in every
// language.
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "clients/base/sha256.h"
#include "tests/clients/client_program.h"
#include "tests/integration/support/world.h"
#include "tests/unit/emulator/parsed_pcap.h"

namespace pcaps::clients {
namespace {

using integration::Emulator;
using integration::Finished;
using integration::Gateway;
using integration::kAccount;
using integration::Process;
using integration::TempDir;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr char kFile[] = "capture.pcap";
constexpr int64_t kLargeBytes = 10 << 20;  // Above download.whole_max: streamed, so a break shows.

// No capture moves on by itself: the test says when.
Emulator::Options Held() { return {.flags = {"--simple-duration", "1h"}}; }

class Example : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const ClientProgram client = FindClient(GetParam());
    if (!client.unavailable.empty()) GTEST_SKIP() << client.unavailable;
    ASSERT_EQ(client.broken, "");
    program_ = client.path;
  }

  std::vector<std::string> CommandLine(const Gateway& gateway, const std::string& account) const {
    return {program_, gateway.address(), account, output_.File(kFile)};
  }
  // The gateway ends by `signal` under a watch, and another one takes its port.
  void RestartGatewayUnderAWatch(int signal, int exit_code);

  std::string program_;
  const TempDir output_;
};

// A capture in the hands of an example under way.
class RunningExample {
 public:
  RunningExample(Emulator& emulator, const std::vector<std::string>& command_line)
      : emulator_(emulator), file_(command_line.back()), process_(command_line) {
    const auto line = process_.out().WaitForLine(
        [](const std::string& text) { return absl::StartsWith(text, "created "); });
    EXPECT_TRUE(line.has_value()) << process_.err().text();
    id_ = std::string(absl::StripPrefix(line.value_or(""), "created "));
  }

  void SetStatus(const std::string& status) {
    emulator_.Control("POST", "captures",
                      {{"account", kAccount}, {"pcap_id", id_}, {"status", status}});
  }

  void AwaitStatus(const std::string& status) {
    const std::string wanted = absl::StrCat("status ", status);
    const auto line =
        process_.out().WaitForLine([&](const std::string& text) { return text == wanted; });
    EXPECT_TRUE(line.has_value()) << process_.out().text() << process_.err().text();
  }

  void MakeFileLarge(int64_t bytes) {
    emulator_.Control("POST", "files", {{"account", kAccount}, {"pcap_id", id_}, {"bytes", bytes}});
  }

  // Waits for its end, and expects what it said and wrote to be true.
  void ExpectStoryAndFile() {
    EXPECT_EQ(process_.Wait(), 0) << process_.out().text() << process_.err().text();
    const std::string file = emulator_.Download(kAccount, id_);
    const auto parsed = emulator::ParsePcap(file);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(Story(),
              absl::StrCat("created ", id_, "\nstatus pending\nstatus running\nstatus success\n",
                           file_, ": ", parsed->records.size(), " packets, ", file.size(),
                           " bytes, sha256 ", absl::BytesToHexString(Sha256::Of(file)), "\n"))
        << process_.err().text();
    EXPECT_TRUE(Contents() == file);
    EXPECT_FALSE(std::filesystem::exists(file_ + ".part"));
  }

 private:
  // What it printed. After a reconnect a watch begins with the state that was told already.
  std::string Story() const {
    std::vector<std::string> lines = process_.out().Lines();
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return absl::StrCat(absl::StrJoin(lines, "\n"), "\n");
  }

  std::string Contents() const {
    std::ostringstream text;
    text << std::ifstream(file_, std::ios::binary).rdbuf();
    return text.str();
  }

  Emulator& emulator_;
  const std::string file_;
  Process process_;
  std::string id_;
};

TEST_P(Example, CreatesWatchesAndDownloads) {
  Emulator emulator(Held());
  const Gateway gateway(emulator);
  RunningExample run(emulator, CommandLine(gateway, kAccount));
  run.AwaitStatus("pending");
  run.SetStatus("running");
  run.AwaitStatus("running");
  run.SetStatus("success");
  run.ExpectStoryAndFile();
  EXPECT_EQ(emulator.CapturesCreated(), 1);
}

void Example::RestartGatewayUnderAWatch(int signal, int exit_code) {
  Emulator emulator(Held());
  auto gateway = std::make_unique<Gateway>(emulator);
  const boost::json::object same_port = {{"listen", gateway->address()}};
  RunningExample run(emulator, CommandLine(*gateway, kAccount));
  run.AwaitStatus("pending");
  gateway->process().Signal(signal);
  EXPECT_EQ(gateway->process().Wait(), exit_code) << gateway->RawLog();
  run.SetStatus("running");
  gateway = std::make_unique<Gateway>(emulator, same_port);
  run.AwaitStatus("running");
  run.SetStatus("success");
  run.ExpectStoryAndFile();
  EXPECT_EQ(emulator.CapturesCreated(), 1);
}

TEST_P(Example, LosesNothingAcrossARestartOfTheGateway) { RestartGatewayUnderAWatch(SIGTERM, 0); }
TEST_P(Example, LosesNothingAcrossACrashOfTheGateway) {
  RestartGatewayUnderAWatch(SIGKILL, 128 + SIGKILL);
}

TEST_P(Example, ResumesADownloadThatBreaks) {
  Emulator emulator(Held());
  const Gateway gateway(emulator);
  RunningExample run(emulator, CommandLine(gateway, kAccount));
  run.AwaitStatus("pending");
  run.SetStatus("running");
  run.AwaitStatus("running");
  run.MakeFileLarge(kLargeBytes);
  emulator.AddFaults({{"endpoint", "download_pcap"},
                      {"fault", "reset_during"},
                      {"bytes", kLargeBytes / 2},
                      {"count", 1}});
  run.SetStatus("success");
  run.ExpectStoryAndFile();
}

TEST_P(Example, SaysWhyItFailed) {
  Emulator emulator({.flags = {"--account", kAccount}});
  const Gateway gateway(emulator);
  const Finished failed = integration::RunToEnd(CommandLine(gateway, "account-2"));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.out, "");
  EXPECT_THAT(failed.err, HasSubstr("UPSTREAM_ACCOUNT_FORBIDDEN"));
  EXPECT_THAT(failed.err, HasSubstr("cf_ray"));
  EXPECT_THAT(failed.err, ContainsRegex("request.id"));
  EXPECT_TRUE(std::filesystem::is_empty(output_.File("")));
}

TEST_P(Example, SaysWhenToTryAgain) {
  Emulator emulator;
  emulator.AddFaults(
      {{"endpoint", "create_pcap"}, {"fault", "status"}, {"status", 429}, {"retry_after", 7}});
  const Gateway gateway(emulator);
  const Finished failed = integration::RunToEnd(CommandLine(gateway, kAccount));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("UPSTREAM_RATE_LIMITED"));
  EXPECT_THAT(failed.err, ContainsRegex("retry after:? 7"));
}

INSTANTIATE_TEST_SUITE_P(, Example, testing::Values("python", "go", "typescript", "cpp"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace pcaps::clients
