#include "tests/integration/support/world.h"

#include <thread>

#include "clients/base/proto_time.h"
#include "clients/base/sha256.h"

namespace pcaps::integration {

v1::CreatePcapRequest SimpleRequest(uint32_t packets) {
  v1::CreatePcapRequest request;
  request.set_account_id(kAccount);
  request.mutable_time_limit()->set_seconds(60);
  request.mutable_simple()->set_packet_limit(packets);
  return request;
}

v1::CreatePcapRequest FullRequest() {
  v1::CreatePcapRequest request;
  request.set_account_id(kAccount);
  request.mutable_time_limit()->set_seconds(3600);
  request.mutable_full()->set_colo_name("ord02");
  request.mutable_full()->set_destination_conf(kBucket);
  return request;
}

v1::GetPcapRequest GetRequest(const std::string& pcap_id) {
  v1::GetPcapRequest request;
  request.set_account_id(kAccount);
  request.set_pcap_id(pcap_id);
  return request;
}

v1::WatchPcapRequest WatchRequest(const std::string& pcap_id) {
  v1::WatchPcapRequest request;
  request.set_account_id(kAccount);
  request.set_pcap_id(pcap_id);
  return request;
}

v1::DownloadPcapRequest DownloadRequest(const std::string& pcap_id) {
  v1::DownloadPcapRequest request;
  request.set_account_id(kAccount);
  request.set_pcap_id(pcap_id);
  return request;
}

v1::ListOwnershipsRequest ListOwnershipsRequest() {
  v1::ListOwnershipsRequest request;
  request.set_account_id(kAccount);
  return request;
}

v1::CreateOwnershipRequest CreateOwnershipRequest(const std::string& bucket) {
  v1::CreateOwnershipRequest request;
  request.set_account_id(kAccount);
  request.set_destination_conf(bucket);
  return request;
}

v1::ValidateOwnershipRequest ValidateRequest(const std::string& challenge,
                                             const std::string& bucket) {
  v1::ValidateOwnershipRequest request;
  request.set_account_id(kAccount);
  request.set_destination_conf(bucket);
  request.set_ownership_challenge(challenge);
  return request;
}

v1::DeleteOwnershipRequest DeleteRequest(const std::string& ownership_id) {
  v1::DeleteOwnershipRequest request;
  request.set_account_id(kAccount);
  request.set_ownership_id(ownership_id);
  return request;
}

v1::Ownership World::CreateOwnership(const std::string& bucket) {
  const Answer<v1::Ownership> created = caller.Call(CreateOwnershipRequest(bucket));
  EXPECT_TRUE(created.status.ok()) << created.status;
  return created.response;
}

std::string World::Challenge(const v1::Ownership& ownership) {
  return emulator.Challenge(kAccount, ownership.id());
}

v1::Pcap World::CreateSimple(uint32_t packets) {
  const Answer<v1::Pcap> created = caller.Call(SimpleRequest(packets));
  EXPECT_TRUE(created.status.ok()) << created.status;
  return created.response;
}

v1::Pcap World::CreateFull() {
  const Answer<v1::Pcap> created = caller.Call(FullRequest());
  EXPECT_TRUE(created.status.ok()) << created.status;
  return created.response;
}

v1::Pcap World::CreateDone(uint32_t packets) {
  const v1::Pcap created = CreateSimple(packets);
  PinStatus(created, "success");
  const Answer<v1::Pcap> done = caller.Call(GetRequest(created.id()));
  EXPECT_TRUE(done.response.done()) << done.status;
  return done.response;
}

v1::Pcap World::CreateLarge(int64_t bytes, bool chunked) {
  const v1::Pcap pcap = CreateDone();
  emulator.Control(
      "POST", "files",
      {{"account", kAccount}, {"pcap_id", pcap.id()}, {"bytes", bytes}, {"chunked", chunked}});
  return pcap;
}

void World::PinStatus(const v1::Pcap& pcap, const std::string& status) {
  emulator.Control("POST", "captures",
                   {{"account", pcap.account_id()}, {"pcap_id", pcap.id()}, {"status", status}});
}

void ExpectError(const Outcome& outcome, absl::StatusCode code, const std::string& reason) {
  EXPECT_EQ(outcome.status.code(), code) << outcome.status;
  EXPECT_EQ(outcome.Reason(), reason) << outcome.status;
  EXPECT_EQ(ErrorInfoOf(outcome.status).domain(), "pcaps-gateway");
  EXPECT_FALSE(outcome.status.message().empty());
  EXPECT_NE(outcome.Header("request-id"), "");
}

absl::Duration ExpectRetryInfo(const Outcome& outcome) {
  const std::optional<absl::Duration> delay = RetryAfterOf(outcome.status);
  EXPECT_TRUE(delay.has_value()) << outcome.status;
  if (!delay.has_value()) return absl::ZeroDuration();
  EXPECT_EQ(outcome.Header("grpc-retry-pushback-ms"),
            std::to_string(absl::ToInt64Milliseconds(*delay)));
  return *delay;
}

std::string FileOf(const Streamed<v1::DownloadPcapResponse>& download, int64_t offset) {
  EXPECT_TRUE(download.status.ok()) << download.status;
  const auto& messages = download.messages;
  if (messages.size() < 2) {
    ADD_FAILURE() << "no info and summary";
    return "";
  }
  EXPECT_TRUE(messages.front().has_info());
  EXPECT_TRUE(messages.back().has_summary());
  std::string file;
  for (size_t i = 1; i + 1 < messages.size(); ++i) {
    EXPECT_EQ(messages[i].chunk().offset(), offset + static_cast<int64_t>(file.size()));
    EXPECT_FALSE(messages[i].chunk().data().empty());
    file += messages[i].chunk().data();
  }
  EXPECT_EQ(messages.back().summary().size(), static_cast<int64_t>(file.size()));
  EXPECT_TRUE(messages.back().summary().sha256() == Sha256::Of(file)) << "the digest is wrong";
  return file;
}

bool Eventually(const std::function<bool()>& condition) {
  const absl::Time until = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace pcaps::integration
