// What the door bounds: connections, calls, messages, headers, time.
#include <grpc/health/v1/health.grpc.pb.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/rpc/connections/connection.h"
#include "tests/integration/support/instrumented.h"
#include "tests/integration/support/raw_http2.h"
#include "tests/integration/support/wanted.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using HealthResponse = grpc::health::v1::HealthCheckResponse;

json::object Limits(const json::object& limits) { return {{"limits", limits}}; }

void AllowManyDescriptors() {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// A connection that has said hello and then says nothing.
std::unique_ptr<Wire> Idle(const Gateway& gateway, const std::string& source = "") {
  auto wire = std::make_unique<Wire>(gateway.address(), WireOptions{.source = source});
  (void)wire->Send(Http2Preface());  // Where it is refused this may fail.
  return wire;
}

// Whether the gateway has taken it: its settings have come.
bool IsServed(Wire& wire) {
  std::string header;
  return wire.Receive(Http2Frame::kHeaderBytes, header);
}

TEST(Limits, IdleConnectionsOfOneHostLeaveRoomForOthers) {
  AllowManyDescriptors();
  const int connections = Wanted("PCAPS_IDLE_CONNECTIONS", 3'000);
  constexpr int kPerPeer = 1000;  // The default.
  World world;
  std::vector<std::unique_ptr<Wire>> wires;
  // World's own caller may have one.
  for (int i = 0; i < connections; ++i) wires.push_back(Idle(world.gateway, "127.0.0.3"));
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(IsServed(*Idle(world.gateway, "127.0.0.2")));
  EXPECT_LT(absl::Now() - begin, kInstrumented ? absl::Seconds(10) : absl::Seconds(1));
  EXPECT_EQ(std::count_if(wires.begin(), wires.end(), [](auto& wire) { return IsServed(*wire); }),
            kPerPeer);
  const json::object line = world.gateway.WaitForEvent("connections_refused");
  EXPECT_EQ(line.at("reason"), "over_peer_limit");
  // Those that leave make room.
  wires.clear();
  EXPECT_TRUE(Eventually([&] { return IsServed(*Idle(world.gateway, "127.0.0.3")); }));
}

TEST(Limits, ConnectionsAreNoMoreThanThereMayBe) {
  Emulator emulator;
  const Gateway gateway(emulator, Limits({{"max_connections", 2}}));
  const auto first = Idle(gateway, "127.0.0.2");
  const auto second = Idle(gateway, "127.0.0.3");
  EXPECT_TRUE(IsServed(*first));
  EXPECT_TRUE(IsServed(*second));
  EXPECT_FALSE(IsServed(*Idle(gateway, "127.0.0.4")));
  EXPECT_EQ(gateway.WaitForEvent("connections_refused").at("reason"), "over_limit");
}

TEST(Limits, CallsAtOnceAreNoMoreThanThereMayBe) {
  World world(Limits({{"max_unary_in_flight", 1}}));
  const v1::Pcap pcap = world.CreateSimple();
  world.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "latency"}, {"latency_ms", 3000}});
  const int64_t before = world.emulator.Requests("get_pcap");
  // A call has its answer a little before its place is free.
  const auto answered = [&](const auto& request) {
    return Eventually([&] { return world.caller.Call(request).status.ok(); });
  };
  std::thread slow([&] { EXPECT_TRUE(answered(GetRequest(pcap.id()))); });
  EXPECT_TRUE(Eventually([&] { return world.emulator.Requests("get_pcap") > before; }));
  const auto refused = world.caller.Call(ListOwnershipsRequest());
  ExpectError(refused, absl::StatusCode::kResourceExhausted, "OVERLOADED");
  EXPECT_GT(ExpectRetryInfo(refused), absl::ZeroDuration());
  slow.join();
  EXPECT_TRUE(answered(ListOwnershipsRequest()));
}

TEST(Limits, WatchesOfHealthAreAFewOfAConnection) {
  World world;
  const auto stub = grpc::health::v1::Health::NewStub(world.gateway.Connect());
  std::vector<OpenStream<HealthResponse>> watches;
  for (int i = 0; i <= Connection::kMaxHealthWatches; ++i) {
    auto context = Caller::NewContext({});
    auto reader = stub->Watch(context.get(), {});
    watches.emplace_back(std::move(context), std::move(reader));
  }
  std::vector<Outcome> refused;
  HealthResponse response;
  for (auto& watch : watches) {
    if (!watch.Read(&response)) refused.push_back(watch.Finish());
  }
  ASSERT_EQ(refused.size(), 1u);
  ExpectError(refused[0], absl::StatusCode::kResourceExhausted, "OVERLOADED");
  // That is nothing to others,
  {
    const auto other = grpc::health::v1::Health::NewStub(world.gateway.Connect());
    const auto context = Caller::NewContext({});
    EXPECT_TRUE(other->Watch(context.get(), {})->Read(&response));
  }
  // and who leaves makes room.
  watches.clear();
  EXPECT_TRUE(Eventually([&] {
    const auto context = Caller::NewContext({});
    return stub->Watch(context.get(), {})->Read(&response);
  }));
}

TEST(Limits, StreamsOfOneConnectionAreNoMoreThanThereMayBe) {
  World world(Limits({{"max_concurrent_streams", 2}}));
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  RawHttp2 connection(world.gateway.address(), 1 << 16);
  for (int i = 0; i < 2; ++i) {
    connection.Call("/pcaps.v1.PcapsService/WatchPcap", WatchRequest(pcap.id()));
    EXPECT_TRUE(connection.Read().has_value());  // And says that it knows the limit.
  }
  connection.Call("/pcaps.v1.PcapsService/WatchPcap", WatchRequest(pcap.id()));
  EXPECT_TRUE(Eventually([&] { return !connection.Read().has_value(); }));
}

TEST(Limits, MessagesThatAreTooLongAreRefusedAndHarmNoOtherCall) {
  World world;
  const auto refused = world.caller.Call(CreateOwnershipRequest(std::string(70 << 10, 'x')));
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kResourceExhausted) << refused.status;
  EXPECT_TRUE(world.caller.Call(ListOwnershipsRequest()).status.ok());
}

TEST(Limits, MetadataThatIsTooLongIsRefused) {
  World world;
  const Headers headers = {{"x-token", std::string(40 << 10, 't')}};
  const auto refused = world.caller.Call(ListOwnershipsRequest(), headers);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kResourceExhausted) << refused.status;
}

TEST(Limits, CompressedMessagesAreRefusedUnread) {
  World world;
  const int64_t before = world.gateway.ResidentBytes();
  const auto context = Caller::NewContext({});
  context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::Ownership response;
  const grpc::Status status = world.caller.ownership_stub().CreateOwnership(
      context.get(), CreateOwnershipRequest(std::string(60 * kMiB, '0')), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
  const int64_t grown = world.gateway.PeakResidentBytes() - before;
  EXPECT_TRUE(kInstrumented || grown < 32 * kMiB) << grown << " bytes";
}

TEST(Limits, ConnectionsThatAreOldTakeNoNewCallsAndEndWithTheirLast) {
  World world(Limits({{"max_connection_age", "1s"}}));
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  auto watch = world.caller.Open(WatchRequest(pcap.id()));
  std::set<std::string> peers;
  for (int i = 0; peers.size() < 3 && i < 200; ++i) {
    const std::string id = absl::StrCat("call-", i);
    EXPECT_TRUE(world.caller.Call(GetRequest(pcap.id()), {{"request-id", id}}).status.ok());
    peers.emplace(world.gateway.WaitForRpc(id).at("peer").as_string());
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(peers.size(), 3u);
  world.PinStatus(pcap, "success");
  v1::WatchEvent event;
  while (watch.Read(&event) && !event.pcap().done()) {
  }
  EXPECT_TRUE(event.pcap().done());
  EXPECT_TRUE(watch.Finish().status.ok());
}

TEST(Limits, ConnectionsThatSayNothingAreClosed) {
  Emulator emulator;
  const Gateway gateway(emulator);
  Wire silent(gateway.address());
  EXPECT_TRUE(silent.AwaitEnd(absl::Seconds(20)));  // 10 s, and a loaded machine.
}

}  // namespace
}  // namespace pcaps::integration
