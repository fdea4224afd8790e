#include "clients/gateway/part_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/gateway_client/temp_dir.h"

namespace pcaps {
namespace {

using testing::HasSubstr;

constexpr char kHeadEtag[] = "head-sha256:00-10";

class PartFileTest : public testing::Test {
 protected:
  std::unique_ptr<PartFile> Open() {
    auto file = PartFile::Open(path_, "acc", "id");
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }
  static v1::DownloadInfo Info(const std::string& etag, std::optional<int64_t> size = 10) {
    v1::DownloadInfo info;
    info.set_etag(etag);
    if (size.has_value()) info.set_size(*size);
    return info;
  }
  // A process that goes after these bytes.
  void Leave(const std::string& etag, const std::string& bytes) {
    const auto file = Open();
    ASSERT_TRUE(file->Begin(Info(etag)).ok());
    ASSERT_TRUE(file->Write(bytes).ok());
  }
  // As if the machine had been restarted since.
  void Reboot() {
    const std::string state = ReadFile(state_);
    const size_t boot_id = state.find("\"boot_id\":\"") + 11;
    WriteFile(state_, state.substr(0, boot_id) + "x" + state.substr(boot_id + 1));
  }

  const TempDir dir_;
  const std::string path_ = dir_.Path("capture.pcap");
  const std::string part_ = path_ + ".part";
  const std::string state_ = path_ + ".part.json";
};

TEST_F(PartFileTest, OfNothingHasNoEtagAndLeavesNothing) {
  {
    const auto file = Open();
    EXPECT_EQ(file->size(), 0);
    EXPECT_EQ(file->etag(), "");
    EXPECT_TRUE(file->Begin(Info(kHeadEtag)).ok());
  }
  EXPECT_EQ(dir_.Files(), 0);
}

TEST_F(PartFileTest, ContinuesWhereItsOwnerLeft) {
  Leave(kHeadEtag, "0123");
  const auto file = Open();
  EXPECT_EQ(file->size(), 4);
  EXPECT_EQ(file->etag(), kHeadEtag);
  EXPECT_EQ(file->whole_size(), 10);
  ASSERT_TRUE(file->Begin(Info(kHeadEtag)).ok());
  ASSERT_TRUE(file->Write("456789").ok());
  const auto digest = file->Commit();
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest, Sha256::Of("0123456789"));
  EXPECT_EQ(ReadFile(path_), "0123456789");
  EXPECT_EQ(dir_.Files(), 1);
}

TEST_F(PartFileTest, CountsWhatAFullDiskHadRoomFor) {
  const auto file = Open();
  ASSERT_TRUE(file->Begin(Info(kHeadEtag)).ok());
  absl::Status full;
  {
    const FileSizeLimit limit(6);
    full = file->Write("0123456789");
  }
  EXPECT_TRUE(absl::IsUnknown(full)) << full;
  EXPECT_EQ(file->size(), 6);
  ASSERT_TRUE(file->Write("6789").ok());
  const auto digest = file->Commit();
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest, Sha256::Of("0123456789"));
}

TEST_F(PartFileTest, BeginsAnewForAnotherVersion) {
  Leave(kHeadEtag, "0123");
  const auto file = Open();
  ASSERT_TRUE(file->Begin(Info("other", 3)).ok());
  EXPECT_EQ(file->size(), 0);
  ASSERT_TRUE(file->Write("abc").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(ReadFile(path_), "abc");
}

TEST_F(PartFileTest, IsNotCommittedUnlessItIsWhole) {
  const auto file = Open();
  ASSERT_TRUE(file->Begin(Info(kHeadEtag)).ok());
  ASSERT_TRUE(file->Write("0123").ok());
  EXPECT_TRUE(absl::IsDataLoss(file->Commit().status()));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PartFileTest, IsNotCommittedUnlessItsDigestIsTheEtags) {
  const std::string etag = "sha256:" + absl::BytesToHexString(Sha256::Of("0123456789"));
  const auto file = Open();
  ASSERT_TRUE(file->Begin(Info(etag)).ok());
  ASSERT_TRUE(file->Write("01234X6789").ok());
  EXPECT_TRUE(absl::IsDataLoss(file->Commit().status()));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PartFileTest, FromBeforeARestartOfTheMachineCountsOnlyWhereTheEtagIsTheDigest) {
  Leave(kHeadEtag, "0123");
  Reboot();
  {
    const auto file = Open();
    EXPECT_EQ(file->size(), 0);
    EXPECT_THAT(file->why_discarded(), HasSubstr("restarted"));
  }
  Leave("sha256:00", "0123");
  Reboot();
  const auto file = Open();
  EXPECT_EQ(file->size(), 4);
  EXPECT_EQ(file->why_discarded(), "");
}

TEST_F(PartFileTest, LongerThanTheWholeOrOfNoVersionIsDiscarded) {
  Leave(kHeadEtag, "0123456789");
  WriteFile(part_, "0123456789X");
  EXPECT_THAT(Open()->why_discarded(), HasSubstr("more than the file has"));
  Leave("", "0123");
  EXPECT_THAT(Open()->why_discarded(), HasSubstr("which version"));
}

TEST_F(PartFileTest, WithATornStateIsNobodys) {
  Leave(kHeadEtag, "0123");
  WriteFile(state_, ReadFile(state_).substr(0, 20));
  EXPECT_TRUE(absl::IsFailedPrecondition(PartFile::Open(path_, "acc", "id").status()));
}

TEST_F(PartFileTest, OfAnotherAccountIsRefusedByName) {
  Leave(kHeadEtag, "0123");
  const absl::Status status = PartFile::Open(path_, "other", "id").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("a part of capture id of account acc"));
}

TEST_F(PartFileTest, IsNeverWrittenThroughALink) {
  std::filesystem::create_symlink(dir_.Path("victim"), part_);
  EXPECT_TRUE(absl::IsInvalidArgument(PartFile::Open(path_, "acc", "id").status()));
  EXPECT_FALSE(std::filesystem::exists(dir_.Path("victim")));
}

}  // namespace
}  // namespace pcaps
