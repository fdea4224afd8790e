#include "clients/base/error.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

absl::Status Example() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
                   "call again", {{"cf_ray", "77"}});
}

TEST(MakeError, CarriesReasonDomainAndMetadata) {
  const absl::Status status = Example();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "call again");
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  EXPECT_EQ(info.reason(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(info.domain(), "pcaps-gateway");
  EXPECT_EQ(info.metadata().at("cf_ray"), "77");
}

TEST(ReasonOf, IsUnspecifiedWithoutOne) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(absl::CancelledError("x")), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(WithMetadata, AddsToWhatIsThere) {
  const auto metadata = ErrorInfoOf(WithMetadata(Example(), "offset", "5")).metadata();
  EXPECT_EQ(metadata.at("cf_ray"), "77");
  EXPECT_EQ(metadata.at("offset"), "5");
}

TEST(WithRetryAfter, ComesBackToTheNanosecond) {
  EXPECT_FALSE(RetryAfterOf(Example()).has_value());
  const absl::Duration delay = absl::Seconds(61) + absl::Nanoseconds(5);
  const absl::Status status = WithRetryAfter(Example(), delay);
  EXPECT_EQ(RetryAfterOf(status), delay);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
}

TEST(WithQuotaFailure, ComesBack) {
  EXPECT_EQ(QuotaFailureOf(Example()).violations_size(), 0);
  google::rpc::QuotaFailure quota;
  quota.add_violations()->set_subject("account:a");
  EXPECT_EQ(QuotaFailureOf(WithQuotaFailure(Example(), quota)).violations(0).subject(),
            "account:a");
}

TEST(WithBadRequest, ComesBack) {
  EXPECT_EQ(BadRequestOf(Example()).field_violations_size(), 0);
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("account_id");
  EXPECT_EQ(BadRequestOf(WithBadRequest(Example(), bad_request)).field_violations(0).field(),
            "account_id");
}

TEST(CleanText, KeepsValidUtf8) {
  const std::string text = "caf\u00e9 \u20ac \U0001F600 \u00a0";
  EXPECT_EQ(CleanText(text), text);
}

TEST(CleanText, ReplacesControlCharactersBySpaces) {
  EXPECT_EQ(CleanText(absl::string_view("a\0b\r\n\x1b\x7f", 7)), "a b    ");
  EXPECT_EQ(CleanText("a\u0085b\u009b"), "a b ");  // Terminals obey these, too.
}

TEST(CleanText, ReplacesEachByteThatIsNoUtf8) {
  EXPECT_EQ(CleanText("\xff\x80"
                      "a"),
            "??a");
  EXPECT_EQ(CleanText("\xc0\xaf"), "??");            // Overlong.
  EXPECT_EQ(CleanText("\xed\xa0\x80"), "???");       // A surrogate.
  EXPECT_EQ(CleanText("\xf4\x90\x80\x80"), "????");  // Beyond U+10FFFF.
  EXPECT_EQ(CleanText("\xe2\x82"), "??");            // Cut short.
  EXPECT_EQ(CleanText("\xc2"), "?");
}

TEST(CleanText, CutsTo1KiBWithoutSplittingACharacter) {
  EXPECT_EQ(CleanText(std::string(2000, 'x')).size(), 1024U);
  EXPECT_EQ(CleanText(absl::StrCat(std::string(1023, 'x'), "\u00e9")).size(), 1023U);
}

}  // namespace
}  // namespace pcaps
