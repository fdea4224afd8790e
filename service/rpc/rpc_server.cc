#include "service/rpc/rpc_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// The reflection service is synchronous: each of its streams holds a thread.
constexpr int kReflectionThreads = 8;
constexpr absl::Duration kDrainingRetry = absl::Milliseconds(100);

// HTTP/2 preface, settings and their like take some 100 bytes; the hello of TLS, which has a key
// for each kind of exchange, up to 2 KiB; a client's chain of certificates some KiB more.
int64_t PrefaceBytes(const RpcServerOptions& options) {
  if (options.tls == nullptr) return 256;
  return options.clients == ServerTls::ClientCertificate::kIgnored ? 3 << 10 : 16 << 10;
}

// The reflection library registers itself in every server of the process; this takes it out again.
class WithoutPlugins final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->clear();
  }
};

absl::Status Draining() {
  return WithRetryAfter(MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_DRAINING,
                                  "this replica is going away; call again, another one answers"),
                        kDrainingRetry);
}

}  // namespace

RpcServer::RpcServer(RpcEnv& env, Gateway& gateway, Ownerships& ownerships,
                     RpcServerOptions options)
    : env_(env),
      gateway_(gateway),
      options_(std::move(options)),
      pcaps_(env, gateway, options_.bounds),
      ownership_(env, ownerships),
      health_(env, options_.open_health),
      unknown_(env.door),
      guard_(
          env.door.connections, env.log, env.clock,
          {options_.limits.max_concurrent_streams, PrefaceBytes(options_), options_.flood_guard}),
      tls_(options_.tls == nullptr ? nullptr
                                   : std::make_shared<ServerTls>(options_.tls, options_.clients)) {}

RpcServer::~RpcServer() = default;

absl::StatusOr<std::string> RpcServer::Start() {
  // Never undone: where a write once had to wait, gRPC's last shutdown joins a thread that stays in
  // its poll for up to 10 s, long after the last call. The process ends then anyway.
  grpc_init();
  absl::StatusOr<std::string> listening = guard_.Listen(options_.listen);
  if (!listening.ok()) return listening;
  grpc::ServerBuilder builder;
  SetServerLimits(builder, options_.limits);
  if (options_.reflection) {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    builder.SetResourceQuota(grpc::ResourceQuota("reflection").SetMaxThreads(kReflectionThreads));
    builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  } else {
    builder.SetOption(std::make_unique<WithoutPlugins>());
  }
  std::shared_ptr<grpc::ServerCredentials> credentials = tls_;
  if (credentials == nullptr) credentials = grpc::InsecureServerCredentials();
  guard_.AddTo(builder, credentials);
  builder.RegisterService(&pcaps_);
  builder.RegisterService(&ownership_);
  builder.RegisterService(&health_);
  builder.RegisterCallbackGenericService(&unknown_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC does not start");
  guard_.Start();
  return listening;
}

void RpcServer::Drain(absl::Duration timeout, const std::function<double()>& uniform) {
  const absl::Time start = absl::Now();
  guard_.StopAccepting();
  std::thread shutdown(
      [this, start, timeout] { server_->Shutdown(absl::ToChronoTime(start + timeout)); });
  boost::asio::post(env_.control, [this] { gateway_.EndWaits(Draining()); });
  std::vector<std::weak_ptr<EndableStream>> streams = env_.streams.BeginDrain(Draining());
  std::vector<absl::Duration> ends(streams.size());
  for (absl::Duration& end : ends) end = timeout / 2 * uniform();
  std::sort(ends.begin(), ends.end());
  for (size_t i = 0; i < streams.size(); ++i) {
    const auto stream = streams[i].lock();
    if (stream == nullptr) continue;
    absl::SleepFor(start + ends[i] - absl::Now());
    stream->EndWith(Draining());
  }
  shutdown.join();
}

}  // namespace pcaps
