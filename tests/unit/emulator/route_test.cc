#include "tests/emulator/route.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pcaps::emulator {
namespace {

const std::string kId(32, '7');

Endpoint EndpointOf(absl::string_view method, absl::string_view path) {
  return ParseRoute(method, absl::StrCat("/client/v4/accounts/acct/", path)).endpoint;
}

TEST(Route, KnowsTheNineEndpoints) {
  EXPECT_EQ(EndpointOf("GET", "pcaps"), Endpoint::kListPcaps);
  EXPECT_EQ(EndpointOf("POST", "pcaps"), Endpoint::kCreatePcap);
  EXPECT_EQ(EndpointOf("GET", "pcaps/" + kId), Endpoint::kGetPcap);
  EXPECT_EQ(EndpointOf("PUT", "pcaps/" + kId + "/stop"), Endpoint::kStopPcap);
  EXPECT_EQ(EndpointOf("GET", "pcaps/" + kId + "/download"), Endpoint::kDownloadPcap);
  EXPECT_EQ(EndpointOf("GET", "pcaps/ownership"), Endpoint::kListOwnerships);
  EXPECT_EQ(EndpointOf("POST", "pcaps/ownership"), Endpoint::kCreateOwnership);
  EXPECT_EQ(EndpointOf("POST", "pcaps/ownership/validate"), Endpoint::kValidateOwnership);
  EXPECT_EQ(EndpointOf("DELETE", "pcaps/ownership/" + kId), Endpoint::kDeleteOwnership);
}

TEST(Route, KnowsWhatItIsAbout) {
  const Route route = ParseRoute("GET", "/client/v4/accounts/a%2Fb/pcaps/" + kId + "?x=1");
  EXPECT_EQ(route.account_id, "a/b");
  EXPECT_EQ(route.object_id, kId);
  EXPECT_EQ(route.endpoint, Endpoint::kGetPcap);
}

TEST(Route, AKnownPathWithAnotherMethodIsNotAllowed) {
  EXPECT_EQ(EndpointOf("DELETE", "pcaps"), Endpoint::kMethodNotAllowed);
  EXPECT_EQ(EndpointOf("GET", "pcaps/" + kId + "/stop"), Endpoint::kMethodNotAllowed);
}

TEST(Route, AnythingElseIsUnknown) {
  EXPECT_EQ(EndpointOf("GET", "pcaps/short"), Endpoint::kUnknownRoute);
  EXPECT_EQ(EndpointOf("GET", "pcaps/" + kId + "/"), Endpoint::kUnknownRoute);
  EXPECT_EQ(EndpointOf("GET", "zones"), Endpoint::kUnknownRoute);
  EXPECT_EQ(ParseRoute("GET", "/client/v4/accounts//pcaps").endpoint, Endpoint::kUnknownRoute);
  EXPECT_EQ(ParseRoute("GET", "/client/v4/accounts/" + kId + "7/pcaps").endpoint,
            Endpoint::kUnknownRoute);
  EXPECT_EQ(ParseRoute("GET", "/").endpoint, Endpoint::kUnknownRoute);
  EXPECT_EQ(ParseRoute("GET", "no path").endpoint, Endpoint::kUnknownRoute);
}

TEST(Route, EveryNameLeadsBackToItsEndpoint) {
  for (int i = 0; i <= static_cast<int>(Endpoint::kMethodNotAllowed); ++i) {
    const auto endpoint = static_cast<Endpoint>(i);
    EXPECT_EQ(EndpointByName(EndpointName(endpoint)), endpoint);
  }
  EXPECT_FALSE(EndpointByName("nothing"));
}

}  // namespace
}  // namespace pcaps::emulator
