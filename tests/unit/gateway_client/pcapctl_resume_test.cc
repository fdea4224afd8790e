// download --resume: what has come survives, and is continued or refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/sha256.h"
#include "clients/gateway/part_file.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kFile[] = "0123456789abcdefghijABCDE";

class PcapctlResume : public PcapctlFixture {
 protected:
  PcapctlResume() { gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS), kFile); }

  PcapctlRun Resume(const std::string& id = "a") {
    return Pcapctl({"download", id, "-o", path_, "--resume"});
  }
  // One that ends after 12 bytes.
  PcapctlRun Break(const std::string& etag = "") {
    gateway_.BreakDownload(
        {.status = absl::InternalError("defect"), .break_after = 12, .etag = etag});
    return Resume();
  }
  void ExpectWhole(const std::string& file = kFile) {
    EXPECT_EQ(ReadFile(path_), file);
    EXPECT_EQ(dir_.Files(), 1);
  }

  const std::string path_ = dir_.Path("web.pcap");
  const std::string part_ = path_ + ".part";
  const std::string digest_ = absl::BytesToHexString(Sha256::Of(kFile));
};

TEST_F(PcapctlResume, WithNothingThereDownloadsAll) {
  const PcapctlRun run = Resume();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, absl::StrCat(path_, ": 3 packets, 25 bytes, sha256 ", digest_, "\n"));
  ExpectWhole();
}

TEST_F(PcapctlResume, ContinuesAtTheFirstMissingByteUnderTheSameEtag) {
  const PcapctlRun broken = Break();
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.err,
              AllOf(HasSubstr(absl::StrCat("12 of 25 bytes are in ", part_, "; to continue:\n")),
                    HasSubstr(absl::StrCat("  pcapctl download a -o ", path_, " --resume "))));
  EXPECT_FALSE(std::filesystem::exists(path_));
  const PcapctlRun run = Resume();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(gateway_.downloads().back().read_offset(), 12);
  EXPECT_EQ(gateway_.downloads().back().if_etag(), digest_);
  EXPECT_THAT(run.err, HasSubstr("continuing at byte 12\n"));
  // The digest is of the whole file, not of what came last.
  EXPECT_EQ(run.out, absl::StrCat(path_, ": 3 packets, 25 bytes, sha256 ", digest_, "\n"));
  ExpectWhole();
}

TEST_F(PcapctlResume, InterruptedKeepsWhatHasCome) {
  std::stop_source stop;
  stop.request_stop();
  Break();
  EXPECT_EQ(Pcapctl({"download", "a", "-o", path_, "--resume"}, stop.get_token()).exit_code, 130);
  EXPECT_EQ(Resume().exit_code, 0);
  EXPECT_EQ(gateway_.downloads().back().read_offset(), 12);
  ExpectWhole();
}

TEST_F(PcapctlResume, WithAllBytesThereAsksForTheSummaryOnly) {
  gateway_.BreakDownload({.status = absl::InternalError("defect"), .break_after = 25});
  EXPECT_EQ(Resume().exit_code, 1);
  EXPECT_EQ(Resume().exit_code, 0);
  EXPECT_EQ(gateway_.downloads().back().read_offset(), 25);
  ExpectWhole();
}

TEST_F(PcapctlResume, OfAFileThatChangedStartsOverAndSaysSo) {
  Break();
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS), "another file");
  const PcapctlRun run = Resume();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("starting over, the bytes from before are of no use: changed"));
  ExpectWhole("another file");
}

TEST_F(PcapctlResume, NoticesBytesThatChangedOnDiskWhereTheEtagIsTheDigest) {
  const std::string etag = "sha256:" + digest_;
  Break(etag);
  WriteFile(part_, "0123456789XX");
  gateway_.BreakDownload({.etag = etag});
  const PcapctlRun run = Resume();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("what came has another SHA-256 than the file"));
  ExpectWhole();
}

TEST_F(PcapctlResume, GivesUpOnAGatewayThatLiesAndKeepsNothingOfIt) {
  for (int i = 0; i < 4; ++i) gateway_.BreakDownload({.wrong_sha256 = true});
  const PcapctlRun run = Resume();
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("DATA_LOSS"));
  EXPECT_EQ(gateway_.downloads().size(), 4);
  EXPECT_EQ(dir_.Files(), 0);
}

TEST_F(PcapctlResume, NeverMixesTwoCaptures) {
  gateway_.AddPcap(PcapInState("b", v1::Pcap::STATUS_SUCCESS), "b's file");
  Break();
  const PcapctlRun run = Resume("b");
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err, HasSubstr(absl::StrCat(part_,
                                              " is a part of capture a of account 4f2a; "
                                              "remove it, or write to another file")));
  EXPECT_EQ(ReadFile(part_), "0123456789ab");
}

TEST_F(PcapctlResume, NeverTouchesAFileThatIsNotItsOwn) {
  WriteFile(part_, "somebody's");
  const PcapctlRun run = Resume();
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err, HasSubstr(absl::StrCat(part_, " is not a download to continue")));
  EXPECT_EQ(ReadFile(part_), "somebody's");
}

TEST_F(PcapctlResume, IsForOneProcessAtATime) {
  Break();
  const auto first = PartFile::Open(path_, kAccount, "a");
  ASSERT_TRUE(first.ok()) << first.status();
  const PcapctlRun second = Resume();
  EXPECT_EQ(second.exit_code, 5);
  EXPECT_THAT(second.err, HasSubstr("another process is downloading into " + part_));
  EXPECT_EQ((*first)->size(), 12);
}

TEST_F(PcapctlResume, ThatCannotBeginLeavesNothing) {
  EXPECT_EQ(Resume("nobody").exit_code, 3);
  EXPECT_EQ(dir_.Files(), 0);
  WriteFile(path_, "old");
  EXPECT_EQ(Resume("nobody").exit_code, 3);
  ExpectWhole("old");
}

TEST_F(PcapctlResume, IsNotWhatADownloadDoesUnasked) {
  gateway_.BreakDownload({.status = absl::InternalError("defect"), .break_after = 12});
  const PcapctlRun run = Pcapctl({"download", "a", "-o", path_});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, Not(HasSubstr("to continue")));
  EXPECT_EQ(dir_.Files(), 0);
}

}  // namespace
}  // namespace pcaps
