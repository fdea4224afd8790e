#include "clients/pcaps_api/destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Redaction {
  const char* uri;
  const char* redacted;
};

class RedactDestinationTest : public testing::TestWithParam<Redaction> {};

TEST_P(RedactDestinationTest, KeepsWhatIsHarmlessOnly) {
  EXPECT_EQ(RedactDestination(GetParam().uri), GetParam().redacted);
}

INSTANTIATE_TEST_SUITE_P(
    Uris, RedactDestinationTest,
    testing::Values(
        Redaction{"", ""},
        Redaction{"s3://bucket/dir?region=us-east-1", "s3://bucket/dir?region=us-east-1"},
        Redaction{"gs://bucket/dir", "gs://bucket/dir"},
        Redaction{"r2://b?account-id=a1&access-key-id=AK&secret-access-key=SK%2F+=",
                  "r2://b?account-id=a1&access-key-id=REDACTED&secret-access-key=REDACTED"},
        Redaction{"r2://b?Secret=x&novel=y&bare", "r2://b?REDACTED&REDACTED&REDACTED"},
        Redaction{"r2://b?Secret-Access-Key=SK&access%2Dkey%2did=AK",
                  "r2://b?Secret-Access-Key=REDACTED&access%2Dkey%2did=REDACTED"},
        Redaction{"s3://b?region=a%20secret", "s3://b?region=REDACTED"},
        Redaction{"s3://b?REGION=x", "s3://b?REDACTED"},
        Redaction{"r2://key:pass@bucket/d", "r2://bucket/d"},
        Redaction{"r2://bucket:80/d#fragment", "r2://bucket/d"},
        Redaction{"r2://bucket/d?#fragment", "r2://bucket/d?REDACTED"},
        Redaction{"r2://bucket?", "r2://bucket?REDACTED"},
        // A '&' that was not escaped inside the secret: its tail must not pass for a parameter's
        // name.
        Redaction{"r2://b?secret-access-key=ab&cdef=gh",
                  "r2://b?secret-access-key=REDACTED&REDACTED"},
        // Not URIs.
        Redaction{"r2://b?secret-access-key=a b", "r2://b"}, Redaction{"r2://b /x?y", "r2://"},
        Redaction{"r2://key:pa ss@bucket/d", "r2://"},
        Redaction{"r2://key:pa/ss @bucket/d", "r2://"},
        Redaction{"secret-access-key=abc", "REDACTED"}, Redaction{"\xff\xfe://x", "REDACTED"}));

class WithoutKeysTest : public testing::TestWithParam<Redaction> {};

TEST_P(WithoutKeysTest, KeepsEverythingElse) {
  EXPECT_EQ(WithoutKeys(GetParam().uri), GetParam().redacted);
}

INSTANTIATE_TEST_SUITE_P(
    Uris, WithoutKeysTest,
    testing::Values(
        Redaction{"", ""}, Redaction{"s3://b/d?region=us-east-1", "s3://b/d?region=us-east-1"},
        Redaction{"r2://b/d?account-id=a1&access-key-id=AK&secret-access-key=SK%2F+=&x=y",
                  "r2://b/d?account-id=a1&x=y"},
        Redaction{"r2://b?Access-Key-Id=AK&SECRET%2dACCESS%2DKEY=SK", "r2://b"},
        Redaction{"r2://b?secret-access-key&account-id=a1#f", "r2://b?account-id=a1#f"},
        // Not URIs.
        Redaction{"r2://b?secret-access-key=a b&x=%zz", "r2://b?x=%zz"},
        Redaction{"r2://b?%zz=1&access-key-id=2", "r2://b?%zz=1"},
        // What RedactDestination() leaves.
        Redaction{"r2://b?account-id=a1&secret-access-key=REDACTED", "r2://b?account-id=a1"}));

TEST(ScrubSecrets, RedactsUrisInsideText) {
  EXPECT_EQ(
      ScrubSecrets("cannot write r2://b?secret-access-key=S3CR3T, sorry; or 's3://c?region=eu'"),
      "cannot write r2://b?secret-access-key=REDACTED, sorry; or 's3://c?region=eu'");
}

TEST(ScrubSecrets, RedactsKnownSecretsWhereverTheyStand) {
  const std::vector<std::string> secrets =
      SecretsOf("r2://b?access-key-id=AKIA1234&secret-access-key=a%2Fbcdef");
  const std::string text =
      ScrubSecrets("key AKIA1234 with a%2Fbcdef or a/bcdef is refused", secrets);
  EXPECT_EQ(text, "key REDACTED with REDACTED or REDACTED is refused");
}

TEST(ScrubSecrets, RedactsSecretsHoweverTheyAreEncodedAnew) {
  const std::vector<std::string> secrets = SecretsOf("r2://b?secret-access-key=S3cr/Et+key==");
  for (const std::string form :
       {"S3cr/Et+key==", "S3cr%2FEt%2Bkey%3D%3D", "S3cr%2fEt%2bkey%3d%3d", "S3cr\\/Et+key=="}) {
    EXPECT_EQ(ScrubSecrets(absl::StrCat("key ", form, " is bad"), secrets), "key REDACTED is bad");
  }
}

TEST(ScrubSecrets, RedactsTheLongerOfTwoSecretsThatBeginAlike) {
  EXPECT_EQ(ScrubSecrets("abcdefgh", {"abcd", "abcdefgh"}), "REDACTED");
}

TEST(ScrubSecrets, RedactsBearerTokensAndSecretParameters) {
  EXPECT_EQ(ScrubSecrets("Authorization: bEaReR tok.en-1 failed"),
            "Authorization: bEaReR REDACTED failed");
  EXPECT_EQ(ScrubSecrets("?secret-access-key=SK&x"), "?secret-access-key=REDACTED&x");
}

TEST(ScrubSecrets, LeavesInnocentTextAlone) {
  const std::string text = "1004: colo_name 'ord02' is unknown, see https://example.com/doc";
  EXPECT_EQ(ScrubSecrets(text, {"", "1"}), text);
}

TEST(SecretsOf, FindsThemWhereAParameterHoldsOthers) {
  const std::vector<std::string> secrets =
      SecretsOf("r2://b?account-id=a1?secret-access-key=hunter2#x?y=hunter3");
  EXPECT_EQ(ScrubSecrets("hunter2 or hunter3", secrets), "REDACTED or REDACTED");
  EXPECT_EQ(ScrubSecrets("no secret-access-key", secrets), "no secret-access-key");
}

TEST(ScrubSecrets, BeyondItsBoundNoHalfOfASecretIsLeft) {
  const std::string secret = "0123456789abcdef";
  const std::string word(8185, 'x');
  const std::string text = absl::StrCat(word, " ", secret, secret);
  const std::string scrubbed = ScrubSecrets(text, {secret});
  EXPECT_THAT(scrubbed, testing::Not(testing::HasSubstr("012345")));
  EXPECT_THAT(scrubbed, testing::StartsWith("xxx"));
  const std::string long_word(9000, 'x');
  EXPECT_EQ(ScrubSecrets(absl::StrCat(long_word, " more")), "");
}

TEST(RedactDestination, OfAnEndlessUriOnlyTheBucketIsShown) {
  const std::string path(9000, 'x');
  const std::string uri = absl::StrCat("s3://bucket/", path, "?secret-access-key=s3cret");
  EXPECT_EQ(RedactDestination(uri), "s3://bucket");
}

TEST(MayBeSameBucket, GoesByBucketAloneAndDoubtsNothingElse) {
  EXPECT_TRUE(MayBeSameBucket("s3://b/dir?region=x", "S3://B/other/?region=y"));
  EXPECT_TRUE(MayBeSameBucket("r2://b?secret-access-key=s", "r2://b?secret-access-key=REDACTED"));
  EXPECT_FALSE(MayBeSameBucket("s3://b/dir", "s3://c/dir"));
  EXPECT_FALSE(MayBeSameBucket("s3://b/dir", "gs://b/dir"));
  EXPECT_FALSE(MayBeSameBucket("s3://b", "s3://b2"));
  for (const char* const unknown : {"", "no uri", "s3://", "s3:///dir"}) {
    EXPECT_TRUE(MayBeSameBucket("s3://b/dir", unknown)) << unknown;
  }
}

TEST(SecretsOf, FindsThemInWhatIsNoUriToo) {
  const std::string text = ScrubSecrets("bad key hunter2 hunter3",
                                        SecretsOf("r2://b b?secret-access-key=hunter2&x=hunter3"));
  EXPECT_THAT(text, Not(HasSubstr("hunter")));
}

}  // namespace
}  // namespace pcaps
