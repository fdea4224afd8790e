// Much honest traffic, which the flood guard must never take for an attack.
#include <grpc/health/v1/health.grpc.pb.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "tests/bench/load/gets.h"
#include "tests/bench/load/watchers.h"
#include "tests/integration/support/siege.h"
#include "tests/integration/support/wanted.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

constexpr int kRequestBytes = 60'000;

// Every test ends so: its connections are open still, and none was closed.
void ExpectNoneClosed(const Siege& siege) {
  for (const boost::json::object& line : siege.gateway().Log()) {
    EXPECT_NE(line.at("event"), "connection_closed") << boost::json::serialize(line);
  }
}

// So many calls at once on one connection; how many of them ended with `code`.
int CallAtOnce(const std::shared_ptr<grpc::Channel>& channel, int calls,
               const v1::CreateOwnershipRequest& request, grpc::StatusCode code,
               const Headers& headers = {}) {
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    v1::Ownership response;
  };
  const auto stub = v1::OwnershipService::NewStub(channel);
  std::vector<Call> under_way(calls);
  std::atomic<int> as_expected = 0;
  absl::BlockingCounter ended(calls);
  for (Call& call : under_way) {
    call.context = Caller::NewContext(headers);
    stub->async()->CreateOwnership(call.context.get(), &request, &call.response,
                                   [&](const grpc::Status& status) {
                                     if (status.error_code() == code) ++as_expected;
                                     ended.DecrementCount();
                                   });
  }
  ended.Wait();
  return as_expected;
}

class Honest : public testing::TestWithParam<bool> {  // Whether with TLS.
 protected:
  Siege siege_{{.tls = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Plain, Honest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, Honest, testing::Values(true));

TEST_P(Honest, CallersOfLargeRequestsAreServed) {
  const auto channel = siege_.Connect();
  const auto request = CreateOwnershipRequest(std::string(kRequestBytes, 'x'));
  for (const int at_once : {1, 100, 1000}) {
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(CallAtOnce(channel, at_once, request, grpc::StatusCode::INVALID_ARGUMENT), at_once);
    }
  }
  ExpectNoneClosed(siege_);
}

TEST_P(Honest, CallersOfLargeRequestsOnManyConnectionsAreServed) {
  constexpr int kConnections = 5;
  constexpr int kAtOnce = 500;
  const auto request = CreateOwnershipRequest(std::string(kRequestBytes, 'x'));
  std::vector<std::thread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&] {
      EXPECT_EQ(CallAtOnce(siege_.Connect(), kAtOnce, request, grpc::StatusCode::INVALID_ARGUMENT),
                kAtOnce);
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectNoneClosed(siege_);
}

// As those of a proxy, whose connections have all the calls that they may have.
TEST_P(Honest, CallersOfAllThatThereMayBeAtOnceAreServed) {
  constexpr int kConnections = 5;
  constexpr int kAtOnce = 1000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&] {
      const auto channel = siege_.Connect();
      for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(CallAtOnce(channel, kAtOnce, CreateOwnershipRequest("x"),
                             grpc::StatusCode::INVALID_ARGUMENT),
                  kAtOnce);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectNoneClosed(siege_);
}

TEST_P(Honest, CallersWithMuchMetadataAreServed) {
  const auto channel = siege_.Connect();
  const Headers headers = {{"x-token", std::string(4096, 't')},
                           {"x-baggage", std::string(4096, 'b')}};
  for (const int at_once : {1, 100, 1000}) {
    EXPECT_EQ(CallAtOnce(channel, at_once, CreateOwnershipRequest("x"),
                         grpc::StatusCode::INVALID_ARGUMENT, headers),
              at_once);
  }
  ExpectNoneClosed(siege_);
}

// What they gave up meanwhile comes to the gateway at once, opened and reset.
TEST_P(Honest, CallersInAHurryAtAGatewayThatWasHeldUpAreServed) {
  constexpr int kCalls = 4000;
  constexpr absl::Duration kPatience = absl::Milliseconds(30);
  struct Call {
    std::unique_ptr<grpc::ClientContext> context = Caller::NewContext({});
    v1::Pcap response;
  };
  const auto channel = siege_.Connect();
  const auto stub = v1::PcapsService::NewStub(channel);
  const v1::GetPcapRequest request = GetRequest(siege_.pcap_id());
  std::vector<Call> calls(kCalls);
  absl::BlockingCounter ended(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    if (i == kCalls / 8) siege_.gateway().Pause();
    if (i == kCalls * 7 / 8) siege_.gateway().Resume();
    Call& call = calls[static_cast<size_t>(i)];
    call.context->set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    stub->async()->GetPcap(call.context.get(), &request, &call.response,
                           [&](const grpc::Status&) { ended.DecrementCount(); });
    absl::SleepFor(absl::Milliseconds(1));
  }
  ended.Wait();
  EXPECT_TRUE(Caller(channel).Call(request).status.ok());
  ExpectNoneClosed(siege_);
}

TEST_P(Honest, AskersOfHealthAreServed) {
  const auto stub = grpc::health::v1::Health::NewStub(siege_.Connect());
  for (int i = 0; i < 2000; ++i) {
    const auto context = Caller::NewContext({});
    grpc::health::v1::HealthCheckResponse response;
    ASSERT_TRUE(stub->Check(context.get(), {}, &response).ok()) << "call " << i;
  }
  ExpectNoneClosed(siege_);
}

TEST_P(Honest, CallersOfUnknownMethodsAreToldSo) {
  constexpr int kCalls = 2000;
  struct Call {
    std::unique_ptr<grpc::ClientContext> context = Caller::NewContext({});
    v1::Pcap response;
  };
  grpc::TemplatedGenericStub<v1::GetPcapRequest, v1::Pcap> stub(siege_.Connect());
  const v1::GetPcapRequest request;
  std::vector<Call> calls(kCalls);
  std::atomic<int> unimplemented = 0;
  absl::BlockingCounter ended(kCalls);
  for (Call& call : calls) {
    stub.UnaryCall(call.context.get(), "/pcaps.v1.PcapsService/FromTheFuture", {}, &request,
                   &call.response, [&](const grpc::Status& status) {
                     if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) ++unimplemented;
                     ended.DecrementCount();
                   });
  }
  ended.Wait();
  EXPECT_EQ(unimplemented, kCalls);
  ExpectNoneClosed(siege_);
}

TEST_P(Honest, ReaderOfALargeFileIsServed) {
  const int64_t bytes = Wanted("PCAPS_DOWNLOAD_MIB", 64) * kMiB;
  siege_.emulator().Control(
      "POST", "files",
      {{"account", kAccount}, {"pcap_id", siege_.pcap_id()}, {"bytes", bytes}, {"chunked", false}});
  Caller caller(siege_.Connect());
  auto download = caller.Open(DownloadRequest(siege_.pcap_id()));
  int64_t received = 0;
  for (v1::DownloadPcapResponse message; download.Read(&message);) {
    received += static_cast<int64_t>(message.chunk().data().size());
  }
  const absl::Status status = download.Finish().status;
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GE(received, bytes - kMiB);  // "About so many".
  ExpectNoneClosed(siege_);
}

TEST(HonestLoad, ManyCallsOnOneConnectionAreServed) {
  const Siege siege;
  load::GetsOptions options;
  options.targets = {siege.gateway().address()};
  options.channels = 1;
  options.captures = {{kAccount, siege.pcap_id()}};
  options.calls = Wanted("PCAPS_CALLS", 20'000);
  const load::GetsReport report = RunGets(options);
  EXPECT_EQ(report.all.ok(), options.calls);
  ExpectNoneClosed(siege);
}

TEST(HonestLoad, ManyWatchersAreServed) {
  const int watchers = Wanted("PCAPS_WATCHERS", 500);
  Siege siege({.settings = {{"watch",
                             {{"max_streams", watchers},
                              {"max_streams_per_account", watchers},
                              {"heartbeat_interval", "1s"}}}}});
  load::WatchersOptions options;
  options.targets = {siege.gateway().address()};
  options.channels = watchers / 1000 + 1;
  options.watchers = watchers;
  for (const std::string& id : siege.emulator().Seed(kAccount, 10, "running")) {
    options.captures.push_back({kAccount, id});
  }
  options.heartbeat = absl::Seconds(1);
  const load::Watchers all(options);
  EXPECT_TRUE(all.WaitAttached(absl::Minutes(2)));
  absl::SleepFor(absl::Seconds(3));  // In which each gets heartbeats.
  for (const load::WatcherRecord& record : all.Records()) EXPECT_TRUE(record.breaks.empty());
  ExpectNoneClosed(siege);
}

TEST(HonestLoad, CallersOverIPv6AreServed) {
  Siege siege({.settings = {{"listen", "[::1]:0"}}});
  const auto channel = siege.Connect();
  const Headers headers = {{"x-token", std::string(4096, 't')}};
  // Were they not known by the name gRPC has for them, these would be a flood.
  EXPECT_EQ(CallAtOnce(channel, 1000, CreateOwnershipRequest("x"),
                       grpc::StatusCode::INVALID_ARGUMENT, headers),
            1000);
  ExpectNoneClosed(siege);
}

}  // namespace
}  // namespace pcaps::integration
