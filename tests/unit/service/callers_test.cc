#include "service/callers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pcaps {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSound[] = R"(
callers:
  - name: ui
    identities: ["uri:spiffe://prod/ui", "dns:ui.internal"]
    accounts: [a1, a2]
    permission: read
    rate_limit: {requests_per_second: 5, burst: 10}
  - name: operator
    identities: ["sha256:9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08"]
    accounts: ["*"]
    permission: write
)";

std::string ErrorsOf(const std::string& yaml) {
  const auto callers = ParseCallers(yaml, "callers.yaml");
  return callers.ok() ? "OK" : std::string(callers.status().message());
}

TEST(Callers, AreFoundByWhatTheyShow) {
  const auto callers = ParseCallers(kSound, "callers.yaml");
  ASSERT_TRUE(callers.ok()) << callers.status();
  const Caller* const ui = (*callers)->Find("uri:spiffe://prod/ui").caller;
  ASSERT_NE(ui, nullptr);
  EXPECT_EQ((*callers)->Find("dns:ui.internal").caller, ui);
  EXPECT_TRUE(ui->MayUse("a1"));
  EXPECT_FALSE(ui->MayUse("a3"));
  EXPECT_FALSE(ui->MayUse("*"));
  EXPECT_FALSE(ui->may_write);
  EXPECT_EQ(ui->rate.requests_per_second, 5);

  const Callers::Match operator_match = (*callers)->FindByToken("test");
  ASSERT_NE(operator_match.caller, nullptr);
  EXPECT_EQ(operator_match.caller->name, "operator");
  EXPECT_EQ(*operator_match.identity, TokenIdentity("test"));
  EXPECT_TRUE(operator_match.caller->MayUse("any"));
  EXPECT_TRUE(operator_match.caller->may_write);
  EXPECT_EQ(operator_match.caller->rate.requests_per_second, 0);
}

TEST(Callers, NobodyIsFoundByWhatIsAlmostRight) {
  const auto callers = ParseCallers(kSound, "callers.yaml");
  ASSERT_TRUE(callers.ok()) << callers.status();
  for (const char* almost : {"test ", "Test", "", "tes"}) {
    EXPECT_EQ((*callers)->FindByToken(almost).caller, nullptr) << almost;
  }
  for (const char* almost : {"uri:spiffe://prod/ui/", "uri:spiffe://prod/u", "dns:spiffe://prod/ui",
                             "spiffe://prod/ui", "dns:x.ui.internal", ""}) {
    EXPECT_EQ((*callers)->Find(almost).caller, nullptr) << almost;
  }
}

TEST(Callers, EveryProblemIsNamedWithItsLine) {
  const std::string errors = ErrorsOf(R"(
callers:
  - name: "a b"
    identities: ["dns:a", spiffe://prod/ui, hunter2]
    accounts: ["../x"]
    permission: all
  - name: two
    identities: ["sha256:12"]
    accounts: []
    permission: read
    acounts: [x]
  - name: two
    identities: ["dns:b", "dns:b"]
    accounts: [x]
)");
  EXPECT_THAT(errors, HasSubstr("callers.yaml"));
  EXPECT_THAT(errors, HasSubstr("line 3: callers[0].name must be"));
  EXPECT_THAT(errors, HasSubstr("line 4: callers[0].identities must be uri:"));
  EXPECT_THAT(errors, HasSubstr("number 2 is not"));
  EXPECT_THAT(errors, HasSubstr("number 3 is not"));
  EXPECT_THAT(errors, Not(HasSubstr("hunter2"))) << "it may be a token";
  EXPECT_THAT(errors, HasSubstr("line 5: callers[0].accounts '../x' must be"));
  EXPECT_THAT(errors, HasSubstr("line 6: callers[0].permission is 'all'"));
  EXPECT_THAT(errors, HasSubstr("line 8: callers[1].identities must be"));
  EXPECT_THAT(errors, HasSubstr("callers[1].accounts must name at least one"));
  EXPECT_THAT(errors, HasSubstr("line 11: unknown key callers[1].acounts"));
  EXPECT_THAT(errors, HasSubstr("callers[2].name 'two' is another caller's, too"));
  EXPECT_THAT(errors, HasSubstr("'dns:b' is another caller's, too"));
  EXPECT_THAT(errors, HasSubstr("callers[2].permission must be read or write"));
}

TEST(Callers, AFileWithoutCallersIsAnError) {
  EXPECT_THAT(ErrorsOf(""), HasSubstr("callers must name at least one"));
  EXPECT_THAT(ErrorsOf("callers: []"), testing::Not("OK"));
  EXPECT_THAT(ErrorsOf("callers: [1, 2"), HasSubstr("line"));
  EXPECT_EQ(ReadCallersFile("/nowhere/callers.yaml").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pcaps
