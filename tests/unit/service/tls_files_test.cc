#include "service/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "tests/integration/support/certificate.h"

namespace pcaps {
namespace {

using integration::Authority;
using integration::Pem;
using integration::TempDir;
using testing::HasSubstr;

class TlsFilesTest : public testing::Test {
 protected:
  Config::Tls Write(const Pem& pem, const std::string& ca) {
    return {directory_.Write("cert", pem.certificate), directory_.Write("key", pem.key),
            directory_.Write("ca", ca)};
  }
  static std::string ErrorOf(const Config::Tls& config) {
    return std::string(ReadTlsFiles(config).status().message());
  }

  TempDir directory_;
  Authority authority_;
  Pem pem_ = authority_.Issue({"DNS:localhost"});
};

TEST_F(TlsFilesTest, AreReadWhereTheyFit) {
  const auto files = ReadTlsFiles(Write(pem_, authority_.pem()));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ((*files)->cert_chain, pem_.certificate);
  EXPECT_EQ((*files)->private_key, pem_.key);
  EXPECT_EQ((*files)->client_ca, authority_.pem());
  EXPECT_GT((*files)->not_after, absl::Now());
  EXPECT_LT((*files)->not_after, absl::Now() + absl::Hours(2));
}

TEST_F(TlsFilesTest, NoneAreNone) {
  const auto files = ReadTlsFiles({});
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(*files, nullptr);
}

TEST_F(TlsFilesTest, WhatIsWrongIsNamedWithItsFile) {
  Pem mixed = pem_;
  mixed.key = authority_.Issue({"DNS:localhost"}).key;
  EXPECT_THAT(ErrorOf(Write(mixed, authority_.pem())), HasSubstr("tls.key_file: the file"));
  EXPECT_THAT(ErrorOf(Write(mixed, authority_.pem())), HasSubstr("is not the key"));
  EXPECT_THAT(ErrorOf(Write({"nothing", pem_.key}, authority_.pem())),
              HasSubstr("holds no certificate in PEM"));
  EXPECT_THAT(ErrorOf(Write({pem_.certificate, "nothing"}, authority_.pem())),
              HasSubstr("holds no private key"));
  EXPECT_THAT(ErrorOf(Write(pem_, "nothing")), HasSubstr("tls.client_ca_file"));
  EXPECT_THAT(ErrorOf(Write(authority_.Issue({"DNS:x"}, /*age=*/7200), authority_.pem())),
              HasSubstr("expired at 20"));
  EXPECT_THAT(ErrorOf(Write(authority_.Issue({"DNS:x"}, /*age=*/-7200), authority_.pem())),
              HasSubstr("is good only from 20"));
  const std::string damaged =
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + authority_.pem();
  EXPECT_THAT(ErrorOf(Write(pem_, authority_.pem() + damaged)), HasSubstr("or a damaged one"));
  EXPECT_THAT(ErrorOf(Write({pem_.certificate + damaged, pem_.key}, authority_.pem())),
              HasSubstr("or a damaged one"));
  Config::Tls missing = Write(pem_, authority_.pem());
  missing.cert_file = "/nowhere/cert";
  EXPECT_THAT(ErrorOf(missing), HasSubstr("/nowhere/cert does not exist"));
}

}  // namespace
}  // namespace pcaps
