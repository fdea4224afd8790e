// capture full: followed to its end, and stopped once when interrupted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "clients/base/error.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PcapctlFullCapture : public PcapctlFixture {
 protected:
  static v1::Pcap Full(v1::Pcap::Status status, const std::string& colo = "ord02") {
    v1::Pcap pcap = PcapInState("created1", status);
    pcap.set_type(v1::Pcap::TYPE_FULL);
    pcap.mutable_full()->set_colo_name(colo);
    pcap.mutable_full()->set_destination_conf("r2://b/d?secret-access-key=REDACTED");
    if (pcap.done()) pcap.mutable_full()->set_packets_captured(1234);
    return pcap;
  }
  void Script(const std::vector<v1::Pcap>& states, bool hold = false,
              const absl::Status& status = absl::OkStatus()) {
    WatchScript script = {.status = status, .hold = hold};
    for (const v1::Pcap& state : states) script.events.push_back(EventOf(state));
    gateway_.ScriptWatch(script);
  }
  PcapctlRun CaptureFull(const std::vector<std::string>& more = {}, std::stop_token stop = {}) {
    std::vector<std::string> args = {"capture", "full",     "--colo",
                                     "ord02",   "--bucket", "r2://b/d?secret-access-key=k3y"};
    args.insert(args.end(), more.begin(), more.end());
    return Pcapctl(args, stop);
  }
  // Interrupts it once while its watch holds.
  PcapctlRun CaptureFullInterrupted(const std::vector<std::string>& more = {}) {
    std::stop_source stop;
    std::thread user([&] {
      gateway_.WaitForHold();
      stop.request_stop();
    });
    const PcapctlRun run = CaptureFull(more, stop.get_token());
    user.join();
    return run;
  }
};

TEST_F(PcapctlFullCapture, IsWatchedAndNotDownloadedAndItsFilesAreNamed) {
  Script({Full(v1::Pcap::STATUS_RUNNING), Full(v1::Pcap::STATUS_COMPLETE)});
  const PcapctlRun run = CaptureFull();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out,
            "bucket   r2://b/d?secret-access-key=REDACTED\n"
            "file     pcap_created1.pcap, below the bucket's directory\n"
            "packets  1234\n");
  EXPECT_THAT(run.err, AllOf(HasSubstr("complete"), Not(HasSubstr("k3y"))));
  EXPECT_TRUE(gateway_.downloads().empty());
  EXPECT_EQ(gateway_.stops(), 0);
}

TEST_F(PcapctlFullCapture, OfACityHintsAtSeveralFiles) {
  Script({Full(v1::Pcap::STATUS_COMPLETE, "ORD")});
  EXPECT_THAT(CaptureFull().out, HasSubstr("mergecap -w pcap_created1-all.pcap "));
}

TEST_F(PcapctlFullCapture, AsJsonEndsWithAnObject) {
  Script({Full(v1::Pcap::STATUS_COMPLETE)});
  EXPECT_EQ(CaptureFull({"--json"}).out,
            "{\"pcap_id\":\"created1\",\"bucket\":\"r2://b/d?secret-access-key=REDACTED\","
            "\"file\":\"pcap_created1.pcap\",\"packets\":1234}\n");
}

TEST_F(PcapctlFullCapture, InterruptedIsStoppedOnceAndWatchedToItsEnd) {
  Script({Full(v1::Pcap::STATUS_RUNNING)}, true);
  Script({Full(v1::Pcap::STATUS_CONVERSION_RUNNING), Full(v1::Pcap::STATUS_SUCCESS)});
  const PcapctlRun run = CaptureFullInterrupted();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(gateway_.stops(), 1);
  EXPECT_THAT(run.out, HasSubstr("pcap_created1.pcap"));
  EXPECT_THAT(run.err, AllOf(HasSubstr("packets not yet written may be lost"),
                             HasSubstr("Ctrl-C again leaves"),
                             HasSubstr("\n  pcapctl watch created1 --account 4f2a "),
                             HasSubstr("conversion running")));
}

TEST_F(PcapctlFullCapture, ThatCannotBeStoppedIsWatchedAllTheSameAndNotAskedAgain) {
  Script({Full(v1::Pcap::STATUS_RUNNING)}, true);
  Script({Full(v1::Pcap::STATUS_SUCCESS)});
  std::stop_source stop;
  std::thread user([&] {
    gateway_.WaitForHold();
    gateway_.FailNext(absl::InternalError("defect"));
    stop.request_stop();
  });
  const PcapctlRun run = CaptureFull({}, stop.get_token());
  user.join();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(gateway_.stops(), 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("it may not have been stopped (defect)"),
                             HasSubstr("\n  pcapctl stop created1 ")));
}

TEST_F(PcapctlFullCapture, OverItsTimeoutIsLeftRunning) {
  Script({Full(v1::Pcap::STATUS_RUNNING)}, true);
  const PcapctlRun run = CaptureFull({"--timeout", "3s"});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_EQ(gateway_.stops(), 0);
  EXPECT_THAT(run.err, AllOf(HasSubstr("capture created1 goes on without us"),
                             HasSubstr("\n  pcapctl watch created1 ")));
}

TEST_F(PcapctlFullCapture, ThatFailsExits5) {
  v1::Pcap failed = Full(v1::Pcap::STATUS_FAILED);
  failed.mutable_full()->set_error_message("No packets matched");
  Script({failed});
  const PcapctlRun run = CaptureFull();
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("the capture failed: No packets matched"));
}

}  // namespace
}  // namespace pcaps
