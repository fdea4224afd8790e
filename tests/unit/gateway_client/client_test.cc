#include "clients/gateway/client.h"

#include <gmock/gmock.h>
#include <grpcpp/support/validate_service_config.h>
#include <gtest/gtest.h>

#include "clients/base/error.h"
#include "clients/gateway/service_config.h"
#include "clients/gateway/status.h"
#include "tests/unit/gateway_client/client_fixture.h"

namespace pcaps {
namespace {

using Client = ClientFixture;
using testing::HasSubstr;

v1::CreatePcapRequest SimpleRequest() {
  v1::CreatePcapRequest request;
  request.set_account_id(kAccount);
  request.mutable_time_limit()->set_seconds(60);
  request.mutable_simple()->set_packet_limit(100);
  return request;
}

v1::GetPcapRequest GetRequest(const std::string& id) {
  v1::GetPcapRequest request;
  request.set_account_id(kAccount);
  request.set_pcap_id(id);
  return request;
}

TEST(ServiceConfig, TheCompiledInPolicyIsOneThatGrpcAccepts) {
  EXPECT_THAT(kServiceConfigJson, HasSubstr("\"CreatePcap\""));
  EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(kServiceConfigJson), "");
}

TEST_F(Client, ListReadsAllPagesInOrder) {
  gateway_.SetPageSize(2);
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    gateway_.AddPcap(PcapInState(id, v1::Pcap::STATUS_SUCCESS));
  }
  const auto pcaps = client_->List(kAccount);
  ASSERT_TRUE(pcaps.ok()) << pcaps.status();
  std::string ids;
  for (const v1::Pcap& pcap : *pcaps) ids += pcap.id();
  EXPECT_EQ(ids, "edcba");
}

TEST_F(Client, ListFailsWhenOneOfItsPagesFails) {
  gateway_.FailNext(absl::OkStatus());
  gateway_.FailNext(absl::InternalError("broken"));
  gateway_.SetPageSize(1);
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS));
  gateway_.AddPcap(PcapInState("b", v1::Pcap::STATUS_SUCCESS));
  EXPECT_TRUE(absl::IsInternal(client_->List(kAccount).status()));
}

TEST_F(Client, AnUnknownCaptureIsNotFoundWithReasonAndRequestId) {
  gateway_.SetRequestId("0f3c");
  const auto pcap = client_->Get(GetRequest("nobody"));
  EXPECT_TRUE(absl::IsNotFound(pcap.status()));
  EXPECT_EQ(ReasonOf(pcap.status()), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
  EXPECT_EQ(RequestIdOf(pcap.status()), "0f3c");
}

TEST_F(Client, ACreationLostOnTheWayIsRepeatedUnderTheSameRandomRequestId) {
  gateway_.FailNext(Retryable(v1::ERROR_REASON_UPSTREAM_UNAVAILABLE));
  const auto pcap = client_->Create(SimpleRequest());
  ASSERT_TRUE(pcap.ok()) << pcap.status();
  const auto creates = gateway_.creates();
  ASSERT_EQ(creates.size(), 2u);
  EXPECT_EQ(creates[0].request_id().size(), 36u);
  EXPECT_EQ(creates[0].request_id(), creates[1].request_id());
  ASSERT_TRUE(client_->Create(SimpleRequest()).ok());
  EXPECT_NE(gateway_.creates()[2].request_id(), creates[0].request_id());
}

TEST_F(Client, ACreationKeepsTheCallersRequestId) {
  v1::CreatePcapRequest request = SimpleRequest();
  request.set_request_id("mine");
  const auto first = client_->Create(request);
  const auto second = client_->Create(request);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(gateway_.creates()[0].request_id(), "mine");
  EXPECT_EQ(first->id(), second->id());
}

TEST_F(Client, ACreationThatMayQueueHasThatMuchMoreTime) {
  v1::CreatePcapRequest request = SimpleRequest();
  request.mutable_max_queue_wait()->set_seconds(600);
  const absl::Time start = absl::Now();
  ASSERT_TRUE(client_->Create(request).ok());
  EXPECT_GT(gateway_.last_deadline(), start + absl::Seconds(620));
  EXPECT_LT(gateway_.last_deadline(), start + absl::Seconds(700));
}

TEST_F(Client, ACreationThatMayQueueEndsByTheCallersDeadlineAllTheSame) {
  v1::CreatePcapRequest request = SimpleRequest();
  request.mutable_max_queue_wait()->set_seconds(600);
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  ASSERT_TRUE(client_->Create(request, {.deadline = deadline}).ok());
  EXPECT_LT(gateway_.last_deadline(), deadline + absl::Seconds(60));
}

TEST_F(Client, UnaryCallsHaveADeadlineUnlessTheCallerSetsOne) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS));
  ASSERT_TRUE(client_->Get(GetRequest("a")).ok());
  EXPECT_LT(gateway_.last_deadline(), absl::Now() + absl::Seconds(31));
  ASSERT_TRUE(client_->Get(GetRequest("a"), {.deadline = absl::Now() + absl::Hours(1)}).ok());
  EXPECT_GT(gateway_.last_deadline(), absl::Now() + absl::Minutes(50));
}

TEST_F(Client, StoppingASimpleCaptureIsRefusedAndAFullOneIsStopped) {
  v1::Pcap full = PcapInState("full", v1::Pcap::STATUS_RUNNING);
  full.set_type(v1::Pcap::TYPE_FULL);
  gateway_.AddPcap(full);
  gateway_.AddPcap(PcapInState("simple", v1::Pcap::STATUS_RUNNING));
  v1::StopPcapRequest request;
  request.set_pcap_id("full");
  EXPECT_TRUE(client_->Stop(request).ok());
  request.set_pcap_id("simple");
  EXPECT_EQ(ReasonOf(client_->Stop(request)), v1::ERROR_REASON_CAPTURE_NOT_STOPPABLE);
}

TEST_F(Client, SendsTheCallersRequestId) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS));
  ASSERT_TRUE(client_->Get(GetRequest("a"), {.request_id = "trace-me"}).ok());
  EXPECT_EQ(gateway_.LastMetadata("request-id"), "trace-me");
  ASSERT_TRUE(client_->Get(GetRequest("a")).ok());
  EXPECT_EQ(gateway_.LastMetadata("request-id"), "");
}

TEST_F(Client, ACallWhoseStopWasRequestedBeforeItBeganIsNotMade) {
  std::stop_source stop;
  stop.request_stop();
  const auto pcap = client_->Create(SimpleRequest(), {.stop = stop.get_token()});
  EXPECT_TRUE(absl::IsCancelled(pcap.status())) << pcap.status();
  EXPECT_TRUE(gateway_.creates().empty());
}

TEST(ClientWithoutGateway, IsUnavailableOnceItsDeadlineOrItsRetriesAreOver) {
  // Nothing listens on this port of ours: its server is gone.
  const std::string target = FakeGateway().target();
  const auto client = *GatewayClient::Connect({.target = target});
  const absl::Status status =
      client->Get(GetRequest("a"), {.deadline = absl::Now() + absl::Milliseconds(300)}).status();
  EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace pcaps
