#include "service/small_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/integration/support/temp_dir.h"

namespace pcaps {
namespace {

using testing::HasSubstr;

TEST(SmallFile, IsReadWholeUpToItsBound) {
  const integration::TempDir directory;
  const std::string bytes("a\0b\n", 4);
  EXPECT_EQ(*ReadSmallFile(directory.Write("file", bytes), 4), bytes);
  EXPECT_EQ(*ReadSmallFile(directory.Write("empty", ""), 4), "");
  const absl::Status large = ReadSmallFile(directory.Write("large", "12345"), 4).status();
  EXPECT_THAT(std::string(large.message()), HasSubstr("is larger than 4 bytes"));
}

TEST(SmallFile, IsNoPipeThatNobodyWritesTo) {
  const integration::TempDir directory;
  const std::string pipe = directory.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSmallFile(pipe, 4).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSmallFile(directory.File("."), 4).status()));
  EXPECT_TRUE(absl::IsNotFound(ReadSmallFile(directory.File("none"), 4).status()));
}

}  // namespace
}  // namespace pcaps
