#include "tests/bench/load/targets.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "clients/gateway/service_config.h"

namespace pcaps::load {
namespace {

// A replica that comes back is found soon,
constexpr int kFirstReconnectMs = 100;
constexpr int kMaxReconnectMs = 1000;
// but on a busy machine a connection takes a while: gRPC gives up an attempt after this.
constexpr int kConnectMs = 10'000;

std::shared_ptr<grpc::ChannelCredentials> Credentials(const Access& access) {
  if (access.authorities.empty()) return grpc::InsecureChannelCredentials();
  auto tls = grpc::SslCredentials({.pem_root_certs = access.authorities});
  if (access.token.empty()) return tls;
  return grpc::CompositeChannelCredentials(tls, grpc::AccessTokenCredentials(access.token));
}

}  // namespace

Targets::Targets(const std::vector<std::string>& addresses, int channels, const Access& access) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // Or all channels share a connection.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  if (access.policy) {
    arguments.SetServiceConfigJSON(kServiceConfigJson);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  }
  const auto credentials = Credentials(access);
  for (const std::string& address : addresses) {
    Target& target = *targets_.emplace_back(std::make_unique<Target>());
    for (int i = 0; i < channels; ++i) {
      target.stubs.push_back(
          v1::PcapsService::NewStub(grpc::CreateCustomChannel(address, credentials, arguments)));
    }
  }
}

Targets::Stub& Targets::stub(size_t target) {
  Target& chosen = *targets_[target % targets_.size()];
  return *chosen.stubs[chosen.next.fetch_add(1) % chosen.stubs.size()];
}

}  // namespace pcaps::load
