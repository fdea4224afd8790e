// capture and download: a file, whole or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr char kFile[] = "0123456789abcdefghijABCDE";
constexpr char kClosing[] =
    "3 packets, 25 bytes, sha256 "
    "05f20a21618ae29b08fa42b7f8b6091dc64d2a00e39c7416c6d9f14baf24d67f\n";

std::string WordAfter(const std::string& text, const std::string& before) {
  const size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(' ', begin) - begin);
}

class PcapctlCapture : public PcapctlFixture {
 protected:
  PcapctlCapture() { gateway_.SetFileOfCreated(kFile); }

  // How the capture goes that is created first.
  void ScriptStates(const std::vector<v1::Pcap::Status>& states) {
    WatchScript script;
    for (const v1::Pcap::Status state : states) {
      script.events.push_back(EventOf(PcapInState("created1", state)));
    }
    gateway_.ScriptWatch(script);
  }

  const std::string path_ = dir_.Path("capture.pcap");
};

TEST_F(PcapctlCapture, WritesTheFileTellsTheStatesAndClosesWithTheDigest) {
  ScriptStates(
      {v1::Pcap::STATUS_PENDING, v1::Pcap::STATUS_CONVERSION_RUNNING, v1::Pcap::STATUS_SUCCESS});
  const PcapctlRun run = Pcapctl({"capture", "--filter", "dst 192.0.2.7", "-o", path_});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, absl::StrCat(path_, ": ", kClosing));
  EXPECT_EQ(ReadFile(path_), kFile);
  EXPECT_EQ(dir_.Files(), 1);
  EXPECT_THAT(run.err, MatchesRegex(" *[0-9.]+s  created created1: to 192.0.2.7\n"
                                    " *[0-9.]+s  pending\n"
                                    " *[0-9.]+s  conversion running\n"
                                    " *[0-9.]+s  success\n"
                                    " *[0-9.]+s  downloading\n"));
}

TEST_F(PcapctlCapture, ToStandardOutputIsNothingButTheFile) {
  ScriptStates({v1::Pcap::STATUS_SUCCESS});
  const PcapctlRun run = Pcapctl({"capture", "-o", "-"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, kFile);
  EXPECT_THAT(run.err, EndsWith(absl::StrCat("\n-: ", kClosing)));
}

TEST_F(PcapctlCapture, AsJsonTellsEventsAndTheFileALineEach) {
  ScriptStates({v1::Pcap::STATUS_RUNNING, v1::Pcap::STATUS_SUCCESS});
  const PcapctlRun run = Pcapctl({"capture", "-o", path_, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              MatchesRegex(
                  "\\{\"file\":\".*capture.pcap\",\"size\":25,"
                  "\"sha256\":\"05f20a21618ae29b08fa42b7f8b6091dc64d2a00e39c7416c6d9f14baf24d67f\","
                  "\"packets\":3\\}\n"));
  EXPECT_THAT(run.err, MatchesRegex("(\\{\"pcap\":\\{[^\n]*\\}\\}\n){3}"));
}

TEST_F(PcapctlCapture, OfACaptureThatFailsExits5AndLeavesNoFile) {
  v1::Pcap failed = PcapInState("created1", v1::Pcap::STATUS_FAILED);
  failed.mutable_full()->set_error_message("No packets matched");
  gateway_.ScriptWatch({.events = {EventOf(failed)}});
  const PcapctlRun run = Pcapctl({"capture", "-o", path_});
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err, HasSubstr("pcapctl: FAILED_PRECONDITION (CAPTURE_FAILED): "
                                 "the capture failed: No packets matched\n"));
  EXPECT_EQ(dir_.Files(), 0);
}

TEST_F(PcapctlCapture, InterruptedWhileWatchingCleansUpAndTellsHowToGoOn) {
  gateway_.ScriptWatch(
      {.events = {EventOf(PcapInState("created1", v1::Pcap::STATUS_RUNNING))}, .hold = true});
  std::stop_source stop;
  std::thread user([&] {
    gateway_.WaitForHold();
    stop.request_stop();
  });
  const PcapctlRun run = Pcapctl({"capture", "-o", path_}, stop.get_token());
  user.join();
  EXPECT_EQ(run.exit_code, 130);
  EXPECT_EQ(dir_.Files(), 0);
  EXPECT_THAT(run.err,
              AllOf(HasSubstr("capture created1 goes on"),
                    HasSubstr(absl::StrCat("\n  pcapctl download created1 --wait -o ", path_,
                                           " --account 4f2a --target ", gateway_.target(), "\n"))));
}

TEST_F(PcapctlCapture, TheLineToGoOnWithWorks) {
  gateway_.ScriptWatch({.events = {EventOf(PcapInState("created1", v1::Pcap::STATUS_RUNNING))},
                        .status = absl::InternalError("defect")});
  const PcapctlRun broken = Pcapctl({"capture", "-o", path_});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.err, HasSubstr("pcapctl download created1 --wait -o "));
  const PcapctlRun picked_up = Pcapctl({"download", "created1", "--wait", "-o", path_});
  EXPECT_EQ(picked_up.exit_code, 0) << picked_up.err;
  EXPECT_TRUE(gateway_.downloads().back().wait_until_ready());
  EXPECT_EQ(ReadFile(path_), kFile);
}

TEST_F(PcapctlCapture, InterruptedWhileCreatingTellsHowToRepeatIt) {
  std::stop_source stop;
  stop.request_stop();
  const PcapctlRun run =
      Pcapctl({"capture", "-o", path_, "--request-id", "again-7"}, stop.get_token());
  EXPECT_EQ(run.exit_code, 130);
  EXPECT_THAT(run.err, HasSubstr("the same command with --request-id again-7"));
  EXPECT_EQ(dir_.Files(), 0);
}

TEST_F(PcapctlCapture, ACreationOfUnknownOutcomeExits8AndIsRepeatedSafely) {
  gateway_.FailNext(MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN,
                              "it may have been created"));
  const PcapctlRun run = Pcapctl({"create"});
  EXPECT_EQ(run.exit_code, 8);
  EXPECT_THAT(run.err, HasSubstr(absl::StrCat("the same command with --request-id ",
                                              gateway_.creates()[0].request_id())));
}

TEST_F(PcapctlCapture, ARelativeWindowIsRepeatedByItsTimes) {
  gateway_.FailNext(MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN,
                              "it may have been created"));
  const PcapctlRun lost = Pcapctl({"create", "--from", "-2m", "--request-id", "r"});
  EXPECT_EQ(lost.exit_code, 8);
  EXPECT_THAT(lost.err, HasSubstr("the same command with --request-id r --from "));
  EXPECT_THAT(lost.err, HasSubstr(" in place of its --from, --to and --time-limit gets it"));
  const PcapctlRun again =
      Pcapctl({"create", "--request-id", "r", "--from", WordAfter(lost.err, " --from "), "--to",
               WordAfter(lost.err, " --to ")});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  ASSERT_EQ(gateway_.creates().size(), 2U);
  EXPECT_EQ(gateway_.creates()[0].ShortDebugString(), gateway_.creates()[1].ShortDebugString());
}

TEST_F(PcapctlCapture, ACreationThatWasRefusedBeforehandIsNotToBeRepeatedWithCare) {
  for (int attempt = 0; attempt < 10; ++attempt) {  // More than the client makes.
    gateway_.FailNext(Retryable(v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE));
  }
  const PcapctlRun run = Pcapctl({"create"});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_THAT(run.err, Not(HasSubstr("may have been created")));
}

TEST_F(PcapctlCapture, OfACaptureThatIsDoneSaysHowToDownloadIt) {
  ScriptStates({v1::Pcap::STATUS_SUCCESS});
  gateway_.BreakDownload({.wrong_sha256 = true});
  const PcapctlRun run = Pcapctl({"capture", "-o", path_});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("capture created1 is done; to download it:\n"
                                       "  pcapctl download created1 -o "),
                             Not(HasSubstr("goes on without us"))));
}

TEST_F(PcapctlCapture, APathThatCannotBeWrittenIsToldBeforeACaptureIsMade) {
  EXPECT_EQ(Pcapctl({"capture", "-o", dir_.Path("no/such/file")}).exit_code, 2);
  EXPECT_EQ(Pcapctl({"capture"}).exit_code, 2);
  EXPECT_TRUE(gateway_.creates().empty());
}

TEST_F(PcapctlCapture, DownloadOfLiesLeavesNoFileAndTheOldOneWhole) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS), kFile);
  gateway_.BreakDownload({.wrong_sha256 = true});
  WriteFile(path_, "old");
  const PcapctlRun run = Pcapctl({"download", "a", "-o", path_});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("DATA_LOSS"));
  EXPECT_EQ(ReadFile(path_), "old");
  EXPECT_EQ(dir_.Files(), 1);
}

TEST_F(PcapctlCapture, DownloadThatChangedMeanwhileExits8) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS), kFile);
  gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 7});
  gateway_.BreakDownload({.etag = "another"});
  EXPECT_EQ(Pcapctl({"download", "a", "-o", path_}).exit_code, 8);
  EXPECT_EQ(dir_.Files(), 0);
}

}  // namespace
}  // namespace pcaps
