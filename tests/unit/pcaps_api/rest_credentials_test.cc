// Tokens that are replaced, and what the upstream says of them.
#include <gmock/gmock.h>

#include "clients/pcaps_api/rest_pcaps_api.h"
#include "tests/unit/pcaps_api/rest_fixture.h"

namespace pcaps {
namespace {

constexpr char kCapture[] = R"({"id":"p1","status":"success"})";

class RestCredentialsTest : public RestTest {
 protected:
  // The token of each request, in order.
  std::vector<std::string> Tokens() const {
    std::vector<std::string> tokens;
    for (const TestRequest& request : server_->requests()) {
      tokens.push_back(request.headers.at("authorization").substr(strlen("Bearer ")));
    }
    return tokens;
  }
};

TEST_F(RestCredentialsTest, ARepetitionTakesTheTokenOfItsTime) {
  Serve([this](const TestRequest& request) {
    if (request.headers.at("authorization") == "Bearer new") return Success(kCapture);
    credentials_->Replace(CredentialsWith("new"));
    return Failure(503, 1001, "busy");
  });
  EXPECT_TRUE(Get().ok());
  EXPECT_THAT(Tokens(), testing::ElementsAre("t0ken", "new"));
}

}  // namespace
}  // namespace pcaps
