#include "clients/pcaps_api/upstream_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

using testing::HasSubstr;
using testing::Not;
using Headers = std::map<std::string, std::string>;

absl::StatusOr<boost::json::value> Judge(Operation operation, int status, const std::string& body,
                                         Headers headers = {},
                                         const std::vector<std::string>& secrets = {}) {
  const HttpHead head{status, std::move(headers)};
  return ResultOf({operation, head, body, secrets});
}

std::string Error(int code, const std::string& more = "") {
  return absl::StrCat(R"({"success":false,"errors":[{"code":)", code, R"(,"message":"words")", more,
                      R"(}],"result":null})");
}

const std::string kChain = R"(,"error_chain":[{"code":6111,"message":"bad header"}])";
constexpr char kHtml[] = "<html><body>502 Bad Gateway</body></html>";

struct Row {
  Operation operation;
  int http_status;
  std::string body;
  absl::StatusCode code;
  v1::ErrorReason reason;
};

class ErrorTableTest : public testing::TestWithParam<Row> {};

TEST_P(ErrorTableTest, HasCodeAndReason) {
  const Row& row = GetParam();
  const absl::Status status = Judge(row.operation, row.http_status, row.body).status();
  EXPECT_EQ(status.code(), row.code) << status;
  EXPECT_EQ(ReasonOf(status), row.reason) << status;
}

using Op = Operation;
using Code = absl::StatusCode;
INSTANTIATE_TEST_SUITE_P(
    Rows, ErrorTableTest,
    testing::Values(
        // Our token.
        Row{Op::kGetPcap, 401, Error(10000), Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
        Row{Op::kGetPcap, 401, "", Code::kInternal, v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
        Row{Op::kGetPcap, 400, Error(6003, kChain), Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
        Row{Op::kGetPcap, 403, Error(6003, kChain), Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
        Row{Op::kGetPcap, 200, Error(6003, kChain), Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
        Row{Op::kGetPcap, 200, Error(10000), Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_CREDENTIALS_REJECTED},
        Row{Op::kGetPcap, 400, Error(6003), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        // The account.
        Row{Op::kGetPcap, 403, Error(10000), Code::kPermissionDenied,
            v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN},
        Row{Op::kListPcaps, 403, kHtml, Code::kPermissionDenied,
            v1::ERROR_REASON_UPSTREAM_ACCOUNT_FORBIDDEN},
        // Not there.
        Row{Op::kGetPcap, 404, Error(7003), Code::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND},
        Row{Op::kStopPcap, 404, "", Code::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND},
        Row{Op::kDownloadPcap, 404, Error(1000), Code::kNotFound,
            v1::ERROR_REASON_CAPTURE_NOT_FOUND},
        Row{Op::kDeleteOwnership, 404, Error(1000), Code::kNotFound,
            v1::ERROR_REASON_OWNERSHIP_NOT_FOUND},
        Row{Op::kValidateOwnership, 404, Error(1000), Code::kNotFound,
            v1::ERROR_REASON_OWNERSHIP_NOT_FOUND},
        Row{Op::kListPcaps, 404, Error(7003), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kCreatePcap, 404, Error(7003), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kListOwnerships, 404, Error(7003), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kCreateOwnership, 404, Error(7003), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kGetPcap, 404, kHtml, Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        // Trouble that passes.
        Row{Op::kGetPcap, 429, kHtml, Code::kResourceExhausted,
            v1::ERROR_REASON_UPSTREAM_RATE_LIMITED},
        Row{Op::kGetPcap, 408, "", Code::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE},
        Row{Op::kGetPcap, 425, "", Code::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE},
        Row{Op::kGetPcap, 500, Error(10000), Code::kUnavailable,
            v1::ERROR_REASON_UPSTREAM_UNAVAILABLE},
        Row{Op::kGetPcap, 502, kHtml, Code::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE},
        Row{Op::kGetPcap, 599, "", Code::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE},
        // Refusals.
        Row{Op::kCreatePcap, 400, Error(1004), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kCreatePcap, 409, Error(1005), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kCreatePcap, 200, Error(1006), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kStopPcap, 200, Error(1007), Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        Row{Op::kGetPcap, 400, R"({"success":false})", Code::kInvalidArgument,
            v1::ERROR_REASON_UPSTREAM_REJECTED},
        // Nonsense.
        Row{Op::kGetPcap, 302, "", Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200, "", Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 204, "", Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200, kHtml, Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 400, kHtml, Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200, R"({"success":true})", Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200, R"({"success":"true","result":{}})", Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200, R"({"success":true,"result":{)", Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200, "[1]", Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kStopPcap, 200, "gibberish", Code::kInternal,
            v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE},
        Row{Op::kGetPcap, 200,
            R"({"success":true,"result":)" + std::string(40, '[') + std::string(40, ']') + "}",
            Code::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE}));

TEST(ResultOf, IsTheResultOfASuccess) {
  EXPECT_EQ(
      Judge(Op::kGetPcap, 200, R"({"success":true,"errors":[],"result":{"id":"a"},"novel":1})")
          ->at("id"),
      "a");
  EXPECT_TRUE(Judge(Op::kListPcaps, 200, R"({"success":true,"result":null})")->is_null());
}

TEST(ResultOf, StopAndDeleteNeedNoBody) {
  for (const Operation operation : {Op::kStopPcap, Op::kDeleteOwnership}) {
    EXPECT_TRUE(Judge(operation, 204, "").ok());
    EXPECT_TRUE(Judge(operation, 200, "").ok());
    EXPECT_TRUE(Judge(operation, 200, R"({"success":true,"result":null})").ok());
  }
}

TEST(ResultOf, ErrorsTellCfRayStatusAndCodes) {
  const absl::Status status =
      Judge(Op::kGetPcap, 400,
            R"({"success":false,"errors":[{"code":1004,"message":"one"},{"code":1005.0}]})",
            {{"cf-ray", "77-FRA"}})
          .status();
  const auto metadata = ErrorInfoOf(status).metadata();
  EXPECT_EQ(metadata.at("cf_ray"), "77-FRA");
  EXPECT_EQ(metadata.at("upstream_http_status"), "400");
  EXPECT_EQ(metadata.at("upstream_code"), "1004,1005");
  EXPECT_THAT(std::string(status.message()), HasSubstr("1004 one"));
}

TEST(ResultOf, MalformedErrorsAreSkipped) {
  const absl::Status status =
      Judge(
          Op::kGetPcap, 400,
          R"({"success":false,"errors":[7,null,{"code":"x","message":5,"error_chain":{}},{"error_chain":[1]}]})")
          .status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UPSTREAM_REJECTED);
}

TEST(ResultOf, WordsOfTheUpstreamAreScrubbedCleanedAndCut) {
  const std::string body =
      R"({"success":false,"errors":[{"code":1004,"message":"bad\u0007 r2://b?secret-access-key=S3CR3T and S3CR3T )" +
      std::string(2000, 'x') + R"("}]})";
  const std::string message(Judge(Op::kCreatePcap, 400, body, {}, {"S3CR3T"}).status().message());
  EXPECT_THAT(message, Not(HasSubstr("S3CR3T")));
  EXPECT_THAT(message, HasSubstr("r2://b?secret-access-key=REDACTED"));
  EXPECT_THAT(message, Not(HasSubstr("\a")));
  EXPECT_EQ(message.size(), 1024U);
}

absl::Duration RetryAfterOfHeaders(Headers headers) {
  return RetryAfterOf(Judge(Op::kGetPcap, 429, "", std::move(headers)).status()).value();
}

TEST(ResultOf, RateLimitSaysWhenToRetry) {
  const std::string window = R"("default";r=0;t=30)";
  EXPECT_EQ(RetryAfterOfHeaders({{"retry-after", "12"}, {"ratelimit", window}}), absl::Seconds(12));
  EXPECT_EQ(RetryAfterOfHeaders({{"ratelimit", window}}), absl::Seconds(30));
  EXPECT_EQ(RetryAfterOfHeaders({{"retry-after", "soon"}, {"ratelimit", window}}),
            absl::Seconds(30));
  EXPECT_EQ(RetryAfterOfHeaders({}), absl::Seconds(60));
  EXPECT_EQ(RetryAfterOfHeaders({{"ratelimit", "nonsense"}}), absl::Seconds(60));
  EXPECT_EQ(RetryAfterOfHeaders({{"retry-after", "-5"}}), absl::Seconds(60));
  EXPECT_EQ(RetryAfterOfHeaders({{"retry-after", "nan"}}), absl::Seconds(60));
  EXPECT_EQ(RetryAfterOfHeaders({{"retry-after", "86400"}}), absl::Seconds(300));
  EXPECT_EQ(RetryAfterOfHeaders({{"retry-after", "inf"}}), absl::Seconds(300));
}

TEST(IsFile, NeedsStatus200AndAPlainBodyThatIsNoText) {
  const auto is_file = [](int status, Headers headers) {
    return IsFile({status, std::move(headers)});
  };
  EXPECT_TRUE(is_file(200, {{"content-type", "application/vnd.tcpdump.pcap"}}));
  EXPECT_TRUE(is_file(200, {}));
  EXPECT_TRUE(is_file(200, {{"content-encoding", "identity"}}));
  EXPECT_FALSE(is_file(206, {{"content-type", "application/vnd.tcpdump.pcap"}}));
  EXPECT_FALSE(is_file(200, {{"content-type", "application/json; charset=utf-8"}}));
  EXPECT_FALSE(is_file(200, {{"content-type", "text/html"}}));
  EXPECT_FALSE(is_file(200, {{"content-encoding", "gzip"}}));
}

TEST(TransportError, IsUnavailableUnlessCancelledOrMalformed) {
  for (const HttpFailure failure :
       {HttpFailure::kConnect, HttpFailure::kTls, HttpFailure::kTimeout, HttpFailure::kBroken}) {
    EXPECT_EQ(ReasonOf(TransportError(failure, "x")), v1::ERROR_REASON_UPSTREAM_UNAVAILABLE);
  }
  EXPECT_EQ(ReasonOf(TransportError(HttpFailure::kMalformed, "x")),
            v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE);
  EXPECT_TRUE(absl::IsCancelled(TransportError(HttpFailure::kCancelled, "x")));
}

TEST(OutcomeUnknown, NamesWhatIsUnknownAndKeepsTheCausesMetadata) {
  const absl::Status cause =
      WithMetadata(TransportError(HttpFailure::kBroken, "reset"), "cf_ray", "77");
  const absl::Status create = OutcomeUnknown(Op::kCreatePcap, cause);
  EXPECT_EQ(create.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(create), v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN);
  EXPECT_EQ(ErrorInfoOf(create).metadata().at("cf_ray"), "77");
  EXPECT_EQ(ReasonOf(OutcomeUnknown(Op::kValidateOwnership, cause)),
            v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN);
}

}  // namespace
}  // namespace pcaps
