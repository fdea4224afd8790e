// Going away: what callers with the client policy see of a replica that is told to end.
#include <grpc/health/v1/health.grpc.pb.h>
#include <signal.h>

#include <atomic>
#include <deque>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "clients/gateway/service_config.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr absl::Duration kDelay = absl::Milliseconds(300);
constexpr absl::Duration kTimeout = absl::Seconds(3);

json::object DrainSettings() {
  return {{"upstream", {{"request_timeout", "2s"}, {"max_in_flight", 1000}}},
          {"download", {{"max_streams", 1000}, {"whole_max", "64KiB"}}},
          {"drain",
           {{"delay", absl::FormatDuration(kDelay)}, {"timeout", absl::FormatDuration(kTimeout)}}},
          {"log", {{"level", "info"}}}};
}

TEST(Drain, HealthSaysNotServingFirstWhileCallsAreStillServed) {
  World world({{"drain", {{"delay", "1s"}}}});
  const v1::Pcap pcap = world.CreateDone();
  const auto health = grpc::health::v1::Health::NewStub(world.gateway.Connect());
  const auto context = Caller::NewContext({});
  const auto watch = health->Watch(context.get(), HealthCheckRequest());
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);

  world.gateway.process().Signal(SIGTERM);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  const auto got = world.caller.Call(GetRequest(pcap.id()));
  EXPECT_TRUE(got.status.ok()) << got.status;
  Caller newcomer(world.gateway);
  EXPECT_TRUE(newcomer.Call(GetRequest(pcap.id())).status.ok());
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(world.gateway.process().Wait(), 0);
}

TEST(Drain, UnknownServiceIsToldAsSuchAndKnownOnesServe) {
  World world;
  const auto health = grpc::health::v1::Health::NewStub(world.gateway.Connect());
  HealthCheckRequest request;
  HealthCheckResponse response;
  request.set_service("pcaps.v1.PcapsService");
  EXPECT_TRUE(health->Check(Caller::NewContext({}).get(), request, &response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  request.set_service("nobody");
  EXPECT_EQ(health->Check(Caller::NewContext({}).get(), request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST(Drain, WhileAPollIsUnderWayThatNobodyWaitsForEndsCleanly) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "running");
  auto watch = world.caller.Open(WatchRequest(pcap.id()), {{"request-id", "watcher"}});
  v1::WatchEvent event;
  ASSERT_TRUE(watch.Read(&event));
  world.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "latency"}, {"latency_ms", 500}});
  const int64_t before = world.emulator.Requests("get_pcap");
  EXPECT_TRUE(Eventually([&] { return world.emulator.Requests("get_pcap") > before; }));
  watch.Cancel();
  EXPECT_FALSE(world.gateway.WaitForRpc("watcher").empty());
  world.gateway.process().Signal(SIGTERM);
  EXPECT_EQ(world.gateway.process().Wait(), 0) << world.gateway.RawLog();
}

// Callers with one unary call under way each, until told to stop.
class UnaryCallers {
 public:
  UnaryCallers(Caller& caller, const v1::GetPcapRequest& request, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &caller, request] {
        while (!stopping_) Note(caller.Call(request).status);
      });
    }
  }
  ~UnaryCallers() { Stop(); }

  // Lets every call end, and starts no other.
  void Stop() {
    stopping_ = true;
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

  int succeeded() const { return succeeded_; }
  std::vector<std::string> failures() const {
    const absl::MutexLock lock(&mutex_);
    return failures_;
  }

 private:
  void Note(const absl::Status& status) {
    if (status.ok()) {
      ++succeeded_;
      return;
    }
    const absl::MutexLock lock(&mutex_);
    failures_.push_back(status.ToString());
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<int> succeeded_ = 0;
  mutable absl::Mutex mutex_;
  std::vector<std::string> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

// Reads streams to their ends, each on a thread of its own, from Start() on; how they ended is what
// Join() returns.
class StreamReaders {
 public:
  template <typename Stream>
  void Add(Stream stream) {
    std::string& end = ends_.emplace_back();
    threads_.emplace_back([this, &end, stream = std::move(stream)]() mutable {
      start_.WaitForNotification();
      for (auto message = FirstMessage(stream); stream.Read(&message);) {
      }
      const Outcome outcome = stream.Finish();
      end = outcome.status.ok() ? "OK" : outcome.Reason();
      if (end.empty()) end = outcome.status.ToString();
    });
  }

  void Start() { start_.Notify(); }

  const std::deque<std::string>& Join() {
    for (std::thread& each : threads_) each.join();
    threads_.clear();
    return ends_;
  }

 private:
  template <typename Message>
  static Message FirstMessage(const OpenStream<Message>&) {
    return Message();
  }

  absl::Notification start_;
  std::deque<std::string> ends_;  // A deque: the threads hold references.
  std::vector<std::thread> threads_;
};

std::shared_ptr<grpc::Channel> ConnectToBoth(const Gateway& one, const Gateway& other) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfigJson);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("ipv4:", one.address(), ",", other.address()),
                                   grpc::InsecureChannelCredentials(), arguments);
}

// What a drain did to the streams.
struct Ends {
  int ok = 0;
  int draining = 0;
};

// One gateway is told to end under load; `stays` takes over.
void DrainOnce(World& stays, Ends& ends) {
  constexpr int kUnaryCallers = 200;
  constexpr int kStreamsOfEachKind = 25;
  constexpr int64_t kFileBytes = 6 << 20;  // More than gRPC takes for a reader that does not read.
  const v1::Pcap large = stays.CreateLarge(kFileBytes);
  const v1::Pcap open = stays.CreateSimple();
  stays.PinStatus(open, "running");
  Gateway leaves(stays.emulator, DrainSettings());
  Caller caller(ConnectToBoth(leaves, stays.gateway));

  UnaryCallers unary(caller, GetRequest(open.id()), kUnaryCallers);
  std::vector<OpenStream<v1::WatchEvent>> watches;
  std::vector<OpenStream<v1::DownloadPcapResponse>> downloads;
  for (int i = 0; i < kStreamsOfEachKind; ++i) {
    watches.push_back(caller.Open(WatchRequest(open.id())));
    downloads.push_back(caller.Open(DownloadRequest(large.id())));
  }
  for (int i = 0; i < kStreamsOfEachKind; ++i) {
    v1::WatchEvent event;
    EXPECT_TRUE(watches[i].Read(&event));
    v1::DownloadPcapResponse info;
    EXPECT_TRUE(downloads[i].Read(&info));
  }

  StreamReaders readers;
  for (auto& each : watches) readers.Add(std::move(each));
  for (auto& each : downloads) readers.Add(std::move(each));
  const absl::Time start = absl::Now();
  leaves.process().Signal(SIGTERM);
  readers.Start();
  const std::optional<int> exit_code = leaves.process().Wait();
  EXPECT_EQ(exit_code, 0) << leaves.RawLog();
  EXPECT_LE(absl::Now() - start, kDelay + kTimeout + absl::Seconds(1)) << leaves.RawLog();
  // Watches that live on the other gateway end with the capture.
  stays.PinStatus(open, "success");
  for (const std::string& end : readers.Join()) {
    EXPECT_THAT(end, testing::AnyOf("OK", "DRAINING"));
    ends.ok += end == "OK";
    ends.draining += end == "DRAINING";
  }
  unary.Stop();
  EXPECT_THAT(unary.failures(), testing::IsEmpty());
  EXPECT_GT(unary.succeeded(), kUnaryCallers);
}

TEST(Drain, UnderLoadFailsNoUnaryCallAndEndsStreamsClearly20Times) {
  World stays(DrainSettings());
  // Calls are under way when the signal comes.
  stays.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "latency"}, {"latency_ms", 200}});
  Ends ends;
  for (int round = 0; round < 20 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    DrainOnce(stays, ends);
  }
  // It was not always the other one that had the streams.
  EXPECT_GT(ends.ok, 0);
  EXPECT_GT(ends.draining, 0);
}

}  // namespace
}  // namespace pcaps::integration
