// pcapctl capture full, the program, before a real gateway: Ctrl-C once and twice.
#include <csignal>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

using testing::HasSubstr;

class PcapctlFullCapture : public testing::Test {
 protected:
  // `before`: what starts it.
  explicit PcapctlFullCapture(std::vector<std::string> before = {})
      : pcapctl_(ArgumentsAfter(std::move(before)),
                 {{"PCAPCTL_TARGET", world_.gateway.address()}, {"PCAPCTL_ACCOUNT", kAccount}}) {}

  static std::vector<std::string> ArgumentsAfter(std::vector<std::string> argv) {
    argv.insert(argv.end(), {PCAPCTL, "capture", "full", "--colo", "ord02", "--bucket",
                             "s3://bucket/captures?region=us-east-1", "--time-limit", "1h"});
    return argv;
  }

  bool WaitForWord(const std::string& word) {
    return pcapctl_.err()
        .WaitForLine([&](const std::string& line) { return absl::StrContains(line, word); })
        .has_value();
  }
  v1::Pcap OnlyCapture() {
    const auto page = world_.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'account-1'"));
    EXPECT_EQ(page.response.pcaps_size(), 1) << page.status;
    return page.response.pcaps_size() == 1 ? page.response.pcaps(0) : v1::Pcap();
  }

  World world_;
  Process pcapctl_;
};

TEST_F(PcapctlFullCapture, InterruptedStopsItOnceWatchesOnAndNamesItsFile) {
  ASSERT_TRUE(WaitForWord("running")) << pcapctl_.err().text();
  pcapctl_.Signal(SIGINT);
  EXPECT_EQ(pcapctl_.Wait(), 0) << pcapctl_.err().text();
  EXPECT_EQ(world_.emulator.Requests("stop_pcap"), 1);
  const v1::Pcap pcap = OnlyCapture();
  EXPECT_TRUE(pcap.full().has_stop_request_time());
  EXPECT_THAT(pcapctl_.out().text(), HasSubstr(absl::StrCat("pcap_", pcap.id(), ".pcap")));
  EXPECT_THAT(pcapctl_.out().text(), HasSubstr("s3://bucket/captures?region=us-east-1"));
  EXPECT_THAT(pcapctl_.err().text(), HasSubstr("packets not yet written may be lost"));
  EXPECT_THAT(pcapctl_.err().text(), HasSubstr("success"));
}

TEST_F(PcapctlFullCapture, InterruptedTwiceLeavesAtOnce) {
  ASSERT_TRUE(WaitForWord("running")) << pcapctl_.err().text();
  world_.PinStatus(OnlyCapture(), "running");  // It never ends by itself.
  pcapctl_.Signal(SIGINT);
  ASSERT_TRUE(WaitForWord("pcapctl watch ")) << pcapctl_.err().text();
  pcapctl_.Signal(SIGINT);
  EXPECT_EQ(pcapctl_.Wait(), 130);
  EXPECT_LE(world_.emulator.Requests("stop_pcap"), 1);
}

// As nohup starts it.
class PcapctlFullCaptureWithoutTerminal : public PcapctlFullCapture {
 protected:
  PcapctlFullCaptureWithoutTerminal()
      : PcapctlFullCapture({"/bin/sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""}) {}
};

TEST_F(PcapctlFullCaptureWithoutTerminal, IsNotStoppedByTheHangup) {
  ASSERT_TRUE(WaitForWord("running")) << pcapctl_.err().text();
  pcapctl_.Signal(SIGHUP);
  // Were the hangup taken, this would be the second signal, which leaves at once.
  pcapctl_.Signal(SIGINT);
  EXPECT_EQ(pcapctl_.Wait(), 0) << pcapctl_.err().text();
  EXPECT_EQ(world_.emulator.Requests("stop_pcap"), 1);
}

}  // namespace
}  // namespace pcaps::integration
