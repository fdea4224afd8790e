// Where tokens come from, and what is said of them; never what is in them.
#include "service/upstream_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "service/secret_file.h"
#include "service/upstream_http.h"

namespace pcaps {
namespace {

using testing::HasSubstr;
using testing::Not;

class UpstreamToken : public testing::Test {
 protected:
  UpstreamToken() { unsetenv("CLOUDFLARE_API_TOKEN"); }
  ~UpstreamToken() override { std::filesystem::remove(file_); }

  std::string Write(const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    return file_;
  }
  static absl::StatusOr<Token> Read(const std::string& file) {
    return ReadToken({.name = "main", .token_file = file});
  }

  const std::string file_ = testing::TempDir() + "/upstream_token_test." + std::to_string(getpid());
};

TEST_F(UpstreamToken, IsReadWithoutTheWhiteSpaceAroundIt) {
  EXPECT_EQ(Read(Write(" s3cret\n"))->Reveal(), "s3cret");
  setenv("CLOUDFLARE_API_TOKEN", "other\n", 1);
  EXPECT_EQ(Read("")->Reveal(), "other");
}

TEST_F(UpstreamToken, ErrorsTellTheirKindAndNameCredentialAndPlace) {
  EXPECT_TRUE(absl::IsNotFound(Read("/nowhere/token").status()));
  EXPECT_TRUE(absl::IsNotFound(Read("").status()));
  EXPECT_THAT(std::string(Read("").status().message()), HasSubstr("CLOUDFLARE_API_TOKEN"));
  EXPECT_TRUE(absl::IsInvalidArgument(Read(testing::TempDir()).status()));
  const absl::Status empty = Read(Write(" \n")).status();
  EXPECT_TRUE(absl::IsInvalidArgument(empty));
  EXPECT_THAT(std::string(empty.message()), HasSubstr("'main': the file " + file_ + " is empty"));
}

TEST_F(UpstreamToken, OneThatCannotBeSentInAHeaderIsRefusedAndNotRepeated) {
  for (const std::string& text :
       {std::string("s3cret\ntwo"), std::string("s3cret two"), std::string("s3cret\0two", 10),
        std::string("s3cret\xc3\xa9"), std::string(9000, 's')}) {
    const absl::Status status = Read(Write(text)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
  }
}

TEST_F(UpstreamToken, OfEveryCredentialOrNone) {
  Config config;
  config.upstream.credentials = {
      {.name = "a", .token_file = Write("t"), .accounts = {"x"}, .budget = "own"},
      {.name = "b", .token_file = "/nowhere/token"}};
  EXPECT_FALSE(ReadCredentials(config).ok());
  config.upstream.credentials.pop_back();
  const auto credentials = ReadCredentials(config);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  // Not by EXPECT_EQ, which would print them.
  EXPECT_TRUE(*credentials == std::vector<Credential>({{"a", Token("t"), {"x"}, "own"}}));
}

TEST_F(UpstreamToken, AFileForEverybodyIsNoticed) {
  namespace fs = std::filesystem;
  Write("t");
  fs::permissions(file_, fs::perms::owner_all);
  EXPECT_FALSE(IsWorldReadable(file_));
  fs::permissions(file_, fs::perms::owner_all | fs::perms::others_read);
  EXPECT_TRUE(IsWorldReadable(file_));
  EXPECT_FALSE(IsWorldReadable("/nowhere/token"));
}

TEST_F(UpstreamToken, ACaFileMustHoldACertificate) {
  EXPECT_TRUE(CheckCaFile("").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(CheckCaFile("/nowhere/ca.pem")));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckCaFile(Write("no PEM"))));
}

}  // namespace
}  // namespace pcaps
