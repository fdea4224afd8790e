#include "service/reloader.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/integration/support/temp_dir.h"

namespace pcaps {
namespace {

class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest()
      : log_(LogLevel::kError, LogFormat::kJson),
        file_(directory_.Write("file", "one")),
        reloader_(log_, {{"test", {file_}, [this] {
                            ++reloads_;
                            return outcome_;
                          }}}) {
    Looks(2);
    reloads_ = 0;
  }

  void Looks(int times) {
    for (int i = 0; i < times; ++i) {
      now_ += absl::Seconds(1);
      reloader_.Look(now_);
    }
  }

  // As Kubernetes does: a new directory, and a link to it renamed over the old one.
  void SwitchLink(const std::string& version, const std::string& text) {
    std::filesystem::create_directory(directory_.File(version));
    directory_.Write(version + "/file", text);
    std::filesystem::create_directory_symlink(version, directory_.File("next"));
    std::filesystem::rename(directory_.File("next"), directory_.File("live"));
  }

  Log log_;
  integration::TempDir directory_;
  std::string file_;
  absl::Status outcome_;
  int reloads_ = 0;
  absl::Time now_ = absl::UnixEpoch();
  Reloader reloader_;
};

TEST_F(ReloaderTest, WhatStaysIsReadOnceMoreAfterTheStartAndThenNoMore) {
  int reads = 0;
  Reloader reloader(log_, {{"test", {file_}, [&] {
                              ++reads;
                              return absl::OkStatus();
                            }}});
  for (int i = 0; i < 10; ++i) reloader.Look(absl::UnixEpoch() + absl::Seconds(i));
  EXPECT_EQ(reads, 1);
}

TEST_F(ReloaderTest, AChangeIsReadOnceItHasBeenStillForOneLook) {
  directory_.Write("file", "two");
  Looks(1);
  EXPECT_EQ(reloads_, 0);
  directory_.Write("file", "and more");  // Still being written.
  Looks(1);
  EXPECT_EQ(reloads_, 0);
  Looks(1);
  EXPECT_EQ(reloads_, 1);
  Looks(5);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ReloaderTest, AChangeOfTheSameLengthAndAnotherFileOfThatNameAreChanges) {
  directory_.Write("other", "two");
  std::filesystem::rename(directory_.File("other"), file_);
  Looks(2);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ReloaderTest, ASwitchedDirectoryLinkIsAChange) {
  SwitchLink("v1", "one");
  int reads = 0;
  Reloader reloader(log_, {{"test", {directory_.File("live/file")}, [&] {
                              ++reads;
                              return absl::OkStatus();
                            }}});
  const auto looks = [&] {
    for (int i = 0; i < 2; ++i) reloader.Look(now_);
  };
  looks();
  SwitchLink("v2", "two");
  looks();
  EXPECT_EQ(reads, 2);
}

TEST_F(ReloaderTest, AFileThatIsGoneIsAChangeAndSoIsItsReturn) {
  outcome_ = absl::NotFoundError("gone");
  std::filesystem::remove(file_);
  Looks(2);
  EXPECT_EQ(reloads_, 1);
  outcome_ = absl::OkStatus();
  directory_.Write("file", "one");
  Looks(2);
  EXPECT_EQ(reloads_, 2);
}

TEST_F(ReloaderTest, WhatCannotBeReadIsTriedAgainOnlyWhenItChanges) {
  outcome_ = absl::InvalidArgumentError("broken");
  directory_.Write("file", "broken");
  Looks(100);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ReloaderTest, WhatWasReadAgainIsCounted) {
  EXPECT_EQ(reloader_.counts("test").ok, 0) << "not the first time, at the start";
  directory_.Write("file", "two");
  Looks(2);
  outcome_ = absl::InvalidArgumentError("broken");
  directory_.Write("file", "three");
  Looks(2);
  EXPECT_EQ(reloader_.counts("test").ok, 1);
  EXPECT_EQ(reloader_.counts("test").failed, 1);
  EXPECT_TRUE(reloader_.counts("test").failing);
  outcome_ = absl::OkStatus();
  directory_.Write("file", "four, and longer");
  Looks(2);
  EXPECT_FALSE(reloader_.counts("test").failing);
  EXPECT_EQ(reloader_.counts("unknown").failed, 0);
}

}  // namespace
}  // namespace pcaps
