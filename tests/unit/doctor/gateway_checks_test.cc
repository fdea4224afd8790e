// Against a gRPC server that answers as a test says.
#include "clients/gateway/pcapctl/doctor/gateway_checks.h"

#include <gmock/gmock.h>
#include <grpc/health/v1/health.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <pcaps/v1/ownership.grpc.pb.h>

#include "absl/strings/str_cat.h"

namespace pcaps::pcapctl {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::HasSubstr;

class FakeHealth : public Health::Service {
 public:
  grpc::Status Check(grpc::ServerContext*, const HealthCheckRequest*,
                     HealthCheckResponse* response) override {
    response->set_status(health);
    return status;
  }

  HealthCheckResponse::ServingStatus health = HealthCheckResponse::SERVING;
  grpc::Status status;
};

class Server {
 public:
  explicit Server(grpc::Service* service) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    target_ = absl::StrCat("127.0.0.1:", port);
  }

  const std::string& target() const { return target_; }

 private:
  std::unique_ptr<grpc::Server> server_;
  std::string target_;
};

Finding FindingOf(const std::string& target) {
  const ConnectOptions how{.target = target};
  const auto connection = OpenConnection(how);
  EXPECT_TRUE(connection.ok()) << connection.status();
  return CheckGateway(*connection, how, {});
}

TEST(GatewayCheck, OneThatServesIsWell) {
  FakeHealth health;
  const Server server(&health);
  const Finding finding = FindingOf(server.target());
  EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.message;
  EXPECT_THAT(finding.message, HasSubstr(server.target()));
}

TEST(GatewayCheck, OneThatDrainsFails) {
  FakeHealth health;
  health.health = HealthCheckResponse::NOT_SERVING;
  const Server server(&health);
  EXPECT_THAT(FindingOf(server.target()).message, HasSubstr("NOT_SERVING"));
  EXPECT_THAT(FindingOf(server.target()).fix, HasSubstr("replica"));
}

TEST(GatewayCheck, OneThatWantsATokenSaysWhereToGiveIt) {
  FakeHealth health;
  health.status = {grpc::StatusCode::UNAUTHENTICATED, "who are you"};
  const Server server(&health);
  EXPECT_EQ(FindingOf(server.target()).verdict, Verdict::kFail);
  EXPECT_THAT(FindingOf(server.target()).fix, HasSubstr("--token-file"));
}

TEST(GatewayCheck, AnotherGrpcServerIsNoGateway) {
  v1::OwnershipService::Service another;
  const Server server(&another);
  EXPECT_THAT(FindingOf(server.target()).message, HasSubstr("no pcaps-gateway"));
  EXPECT_THAT(FindingOf(absl::StrCat("dns:///", server.target())).message,
              HasSubstr("no pcaps-gateway"));
}

TEST(GatewayCheck, AnInterruptIsNoFailure) {
  FakeHealth health;
  const Server server(&health);
  const ConnectOptions how{.target = server.target()};
  const auto connection = OpenConnection(how);
  ASSERT_TRUE(connection.ok()) << connection.status();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(CheckGateway(*connection, how, {.stop = stop.get_token()}).verdict, Verdict::kSkip);
}

TEST(GatewayCheck, NothingThereIsRefused) {
  std::string target;
  {
    FakeHealth health;
    target = Server(&health).target();
  }
  for (const std::string& each : {target, absl::StrCat("dns:///", target)}) {
    EXPECT_THAT(FindingOf(each).message, HasSubstr("refused"));
    EXPECT_THAT(FindingOf(each).fix, HasSubstr("start the gateway"));
  }
  EXPECT_THAT(FindingOf("unix:/nowhere/gateway.sock").fix, HasSubstr("--target"));
}

}  // namespace
}  // namespace pcaps::pcapctl
