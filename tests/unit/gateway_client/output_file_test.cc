#include "clients/gateway/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway_client/temp_dir.h"

namespace pcaps {
namespace {

using testing::HasSubstr;

class OutputFileTest : public testing::Test {
 protected:
  const TempDir dir_;
  const std::string path_ = dir_.Path("capture.pcap");
};

TEST_F(OutputFileTest, AppearsUnderItsNameOnlyWhenCommitted) {
  const auto file = *OutputFile::Create(path_);
  ASSERT_TRUE(file->Write("01").ok());
  ASSERT_TRUE(file->Write("23").ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(ReadFile(path_), "0123");
  EXPECT_EQ(dir_.Files(), 1);
}

TEST_F(OutputFileTest, AbandonedLeavesNothingAndTheOldFileWhole) {
  WriteFile(path_, "old");
  {
    ASSERT_TRUE((*OutputFile::Create(path_))->Write("new").ok());
  }
  EXPECT_EQ(ReadFile(path_), "old");
  EXPECT_EQ(dir_.Files(), 1);
}

TEST_F(OutputFileTest, WritesThroughASymbolicLink) {
  std::filesystem::create_symlink("target.pcap", path_);
  EXPECT_FALSE(OutputFile::Create(path_).ok());  // To nowhere.
  WriteFile(dir_.Path("target.pcap"), "old");
  const auto file = *OutputFile::Create(path_);
  ASSERT_TRUE(file->Write("new").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_EQ(ReadFile(dir_.Path("target.pcap")), "new");
}

TEST_F(OutputFileTest, NeverReplacesADevice) {
  // Renaming over it would take the device away from everybody.
  const absl::Status status = OutputFile::Create("/dev/null").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/dev/null is not a regular file"));
}

TEST_F(OutputFileTest, AFullDiskIsNotTheGatewaysWantOfSomething) {
  const auto file = *OutputFile::Create(path_);
  absl::Status full;
  {
    const FileSizeLimit limit(2);
    full = file->Write("0123");
  }
  EXPECT_TRUE(absl::IsUnknown(full)) << full;
  EXPECT_THAT(std::string(full.message()), HasSubstr("File too large"));
}

TEST_F(OutputFileTest, AFolderThatIsMissingIsTheCallersMistake) {
  const absl::Status status = OutputFile::Create(dir_.Path("no/such/file")).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace pcaps
