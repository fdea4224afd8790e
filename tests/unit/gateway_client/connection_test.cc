#include "clients/gateway/connection.h"

#include <gtest/gtest.h>

#include "clients/gateway/client.h"
#include "tests/unit/gateway_client/fake_gateway.h"
#include "tests/unit/gateway_client/temp_dir.h"

namespace pcaps {
namespace {

TEST(IsLocalTarget, LoopbackAndUnixSocketsAreLocal) {
  for (const char* target :
       {"127.0.0.1:50051", "127.9.9.9:1", "localhost:50051", "[::1]:50051", "dns:///localhost:1",
        "dns:127.0.0.1:1", "ipv4:127.0.0.1:1,127.0.0.2:1", "ipv6:[::1]:1", "unix:/run/gw.sock",
        "unix-abstract:gw"}) {
    EXPECT_TRUE(IsLocalTarget(target)) << target;
  }
}

TEST(IsLocalTarget, EverythingElseIsNot) {
  for (const char* target :
       {"192.0.2.1:50051", "gateway:50051", "localhost.example.net:1", "127.0.0.1.example.net:1",
        "[2001:db8::1]:1", "ipv4:127.0.0.1:1,192.0.2.1:1", "dns://192.0.2.1/localhost:1", "[::1:1",
        "", "127.0.0.1@192.0.2.1:1"}) {
    EXPECT_FALSE(IsLocalTarget(target)) << target;
  }
}

absl::Status StatusOf(const ConnectOptions& options) { return OpenConnection(options).status(); }

TEST(OpenConnection, RefusesToSendATokenInPlaintextOverANetwork) {
  EXPECT_TRUE(absl::IsInvalidArgument(StatusOf({.target = "192.0.2.1:1", .token = "secret"})));
  EXPECT_TRUE(StatusOf({.target = "192.0.2.1:1", .tls = true, .token = "secret"}).ok());
  EXPECT_TRUE(StatusOf({.target = "127.0.0.1:1", .token = "secret"}).ok());
  EXPECT_TRUE(StatusOf({.target = "192.0.2.1:1"}).ok());
}

TEST(OpenConnection, RefusesOptionsThatCannotWork) {
  const TempDir dir;
  WriteFile(dir.Path("empty"), "");
  EXPECT_FALSE(StatusOf({.target = ""}).ok());
  EXPECT_FALSE(StatusOf({.ca_file = dir.Path("empty")}).ok());
  EXPECT_FALSE(StatusOf({.tls = true, .ca_file = dir.Path("empty")}).ok());
  EXPECT_FALSE(StatusOf({.tls = true, .ca_file = dir.Path("missing")}).ok());
  EXPECT_FALSE(StatusOf({.tls = true, .cert_file = dir.Path("empty")}).ok()) << "without its key";
  EXPECT_FALSE(StatusOf({.cert_file = dir.Path("empty"), .key_file = dir.Path("empty")}).ok());
  EXPECT_FALSE(
      StatusOf({.tls = true, .cert_file = dir.Path("missing"), .key_file = dir.Path("missing")})
          .ok());
  EXPECT_FALSE(StatusOf({.token = "two lines\n"}).ok());
}

TEST(OpenConnection, TheTokenReachesTheGatewayAsABearer) {
  FakeGateway gateway;
  const auto client = *GatewayClient::Connect({.target = gateway.target(), .token = "secret"});
  ASSERT_TRUE(client->List(kAccount).ok());
  EXPECT_EQ(gateway.LastMetadata("authorization"), "Bearer secret");
}

TEST(OpenConnection, AProxyOfTheEnvironmentIsNotAskedForThisMachine) {
  setenv("http_proxy", "http://192.0.2.1:3128", 1);
  FakeGateway gateway;
  const auto client = *GatewayClient::Connect({.target = gateway.target()});
  const absl::Status status =
      client->List(kAccount, {.deadline = absl::Now() + absl::Seconds(5)}).status();
  unsetenv("http_proxy");
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace pcaps
