// What pcapctl says and how it exits when something is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "clients/base/error.h"
#include "clients/gateway/pcapctl/error_text.h"
#include "clients/gateway/pcapctl/exit_code.h"
#include "clients/gateway/status.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

absl::Status TwoBadFields() {
  google::rpc::BadRequest bad_request;
  for (const auto& [field, description] :
       {std::pair("time_limit", "is 0 s; it must be 1 s to 300 s"),
        std::pair("filter.source_port", "is 70000; it must be 0 to 65535")}) {
    auto& violation = *bad_request.add_field_violations();
    violation.set_field(field);
    violation.set_description(description);
  }
  const absl::Status error =
      MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD,
                "time_limit is 0 s; filter.source_port is 70000", {{"cf_ray", "8a1b-ORD"}});
  return WithBadRequest(WithRetryAfter(error, absl::Milliseconds(11500)), bad_request);
}

TEST(ErrorText, TellsPeopleEverythingTheGatewaySaid) {
  EXPECT_EQ(pcapctl::ErrorText(WithRequestId(TwoBadFields(), "0f3c")),
            "pcapctl: INVALID_ARGUMENT (INVALID_FIELD): 2 fields are wrong\n"
            "  time_limit: is 0 s; it must be 1 s to 300 s\n"
            "  filter.source_port: is 70000; it must be 0 to 65535\n"
            "  request id 0f3c   cf-ray 8a1b-ORD   try again in 12s\n");
}

TEST(ErrorText, OfAnErrorWithoutDetailsIsOneLine) {
  EXPECT_EQ(pcapctl::ErrorText(absl::UnavailableError("no route")),
            "pcapctl: UNAVAILABLE: no route\n");
}

TEST(ErrorText, NamesTheCaptureThatIsInTheWay) {
  EXPECT_EQ(pcapctl::ErrorText(MakeError(absl::StatusCode::kFailedPrecondition,
                                         v1::ERROR_REASON_FULL_CAPTURE_RUNNING, "stop it",
                                         {{"running_pcap_id", "6680"}})),
            "pcapctl: FAILED_PRECONDITION (FULL_CAPTURE_RUNNING): stop it\n  running 6680\n");
}

TEST(ErrorText, LetsNoTextFromOutsideMoveTheCursor) {
  google::rpc::BadRequest bad_request;
  auto& violation = *bad_request.add_field_violations();
  violation.set_field("\x1b[2J");
  violation.set_description("a\rb");
  const absl::Status evil =
      WithRequestId(MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_BAD_RESPONSE,
                              "\x1b]0;owned\x07 line\nline", {{"cf_ray", "\x1b[1m"}}),
                    "\x1b[0m");
  EXPECT_THAT(pcapctl::ErrorText(evil), HasSubstr("line line\n"));
  for (const std::string& text :
       {pcapctl::ErrorText(evil), pcapctl::ErrorText(WithBadRequest(evil, bad_request))}) {
    EXPECT_THAT(text, Not(testing::ContainsRegex("[\x1b\r\x07]")));
  }
}

TEST(ErrorJson, IsOneObjectWithEveryDetail) {
  const std::string line = pcapctl::ErrorJson(WithRequestId(TwoBadFields(), "0f3c"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const boost::json::value expected = boost::json::parse(R"({"error": {
    "code": "INVALID_ARGUMENT", "reason": "INVALID_FIELD",
    "message": "time_limit is 0 s; filter.source_port is 70000",
    "fieldViolations": [
      {"field": "time_limit", "description": "is 0 s; it must be 1 s to 300 s"},
      {"field": "filter.source_port", "description": "is 70000; it must be 0 to 65535"}],
    "retryDelay": "11.5s", "metadata": {"cf_ray": "8a1b-ORD", "request_id": "0f3c"}}})");
  EXPECT_EQ(boost::json::parse(line), expected);
}

TEST(ExitCode, TellsTheKindOfError) {
  using absl::StatusCode;
  for (const auto& [code, exit_code] :
       {std::pair(StatusCode::kOk, 0), std::pair(StatusCode::kInternal, 1),
        std::pair(StatusCode::kUnknown, 1), std::pair(StatusCode::kDataLoss, 1),
        std::pair(StatusCode::kUnimplemented, 1), std::pair(StatusCode::kCancelled, 1),
        std::pair(StatusCode::kInvalidArgument, 2), std::pair(StatusCode::kOutOfRange, 2),
        std::pair(StatusCode::kNotFound, 3), std::pair(StatusCode::kPermissionDenied, 4),
        std::pair(StatusCode::kUnauthenticated, 4), std::pair(StatusCode::kFailedPrecondition, 5),
        std::pair(StatusCode::kResourceExhausted, 6), std::pair(StatusCode::kUnavailable, 7),
        std::pair(StatusCode::kDeadlineExceeded, 7), std::pair(StatusCode::kAborted, 8)}) {
    EXPECT_EQ(pcapctl::ExitCodeOf(absl::Status(code, "")), exit_code) << code;
  }
}

using PcapctlErrors = PcapctlFixture;

TEST_F(PcapctlErrors, TheGatewaysErrorIsShownWithItsRequestIdAndExitsByItsKind) {
  gateway_.SetRequestId("0f3c");
  gateway_.FailNext(
      WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted,
                               v1::ERROR_REASON_CREATE_TOO_SOON, "one simple capture a minute"),
                     absl::Seconds(42)));
  const PcapctlRun run = Pcapctl({"create"});
  EXPECT_EQ(run.exit_code, 6);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "pcapctl: RESOURCE_EXHAUSTED (CREATE_TOO_SOON): one simple capture a minute\n"
            "  request id 0f3c   try again in 42s\n");
}

TEST_F(PcapctlErrors, WithJsonErrorsAreJsonUsageErrorsToo) {
  const PcapctlRun missing = Pcapctl({"get", "nobody", "--json"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_EQ(boost::json::parse(missing.err).at("error").at("reason"), "CAPTURE_NOT_FOUND");
  const PcapctlRun usage = Pcapctl({"fly", "--json"});
  EXPECT_EQ(usage.exit_code, 2);
  EXPECT_EQ(boost::json::parse(usage.err).at("error").at("code"), "INVALID_ARGUMENT");
}

TEST_F(PcapctlErrors, ATimeoutExits7) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_RUNNING));
  gateway_.ScriptWatch(
      {.events = {EventOf(PcapInState("a", v1::Pcap::STATUS_RUNNING))}, .hold = true});
  const PcapctlRun run = Pcapctl({"watch", "a", "--timeout", "200ms"});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_THAT(run.err, HasSubstr("DEADLINE_EXCEEDED"));
}

}  // namespace
}  // namespace pcaps
