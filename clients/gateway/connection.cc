#include "clients/gateway/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/gateway/service_config.h"

namespace pcaps {
namespace {

// A gateway gone without a word is noticed after their sum. Its own limit,
// min_client_ping_interval, is 10 s.
constexpr absl::Duration kKeepaliveInterval = absl::Seconds(30);
constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(10);

bool IsLocalAddress(absl::string_view address) {
  absl::string_view host = address.substr(0, address.rfind(':'));
  if (absl::ConsumePrefix(&host, "[") && !absl::ConsumeSuffix(&host, "]")) return false;
  if (host == "localhost") return true;
  boost::system::error_code not_an_address;
  const auto ip = boost::asio::ip::make_address(std::string(host), not_an_address);
  return !not_an_address && ip.is_loopback();
}

// gRPC fails every call with an error hard to understand when a header holds anything else.
bool IsHeaderText(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

absl::Status Check(const ConnectOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("the target is empty");
  if (!options.ca_file.empty() && !options.tls) {
    return absl::InvalidArgumentError("a CA file is of use with TLS only");
  }
  if (!IsHeaderText(options.token)) {
    return absl::InvalidArgumentError("the token is not printable ASCII");
  }
  if (!options.token.empty() && !options.tls && !IsLocalTarget(options.target)) {
    return absl::InvalidArgumentError(
        "a token is not sent in plaintext to another machine: use TLS");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const ConnectOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  if (!options.ca_file.empty()) {
    std::ifstream file(options.ca_file, std::ios::binary);
    std::stringstream pem;
    pem << file.rdbuf();
    ssl.pem_root_certs = pem.str();
    if (ssl.pem_root_certs.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("cannot read the CA file ", options.ca_file));
    }
  }
  return grpc::SslCredentials(ssl);
}

// As gRPC's arguments have them.
int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

grpc::ChannelArguments Arguments(const ConnectOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfigJson);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION,
                   1);  // DNS does not change the policy.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(kKeepaliveInterval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(kKeepaliveTimeout));
  arguments.SetUserAgentPrefix("pcaps-client/" PCAPS_VERSION);
  // A proxy of the environment cannot reach this machine's loopback, and would read the token.
  if (IsLocalTarget(options.target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

absl::StatusOr<Connection> OpenConnection(const ConnectOptions& options) {
  const absl::Status checked = Check(options);
  if (!checked.ok()) return checked;
  const auto credentials = Credentials(options);
  if (!credentials.ok()) return credentials.status();
  Connection connection;
  connection.channel = grpc::CreateCustomChannel(options.target, *credentials, Arguments(options));
  connection.stub = v1::PcapsService::NewStub(connection.channel);
  connection.ownership_stub = v1::OwnershipService::NewStub(connection.channel);
  if (!options.token.empty()) connection.authorization = absl::StrCat("Bearer ", options.token);
  connection.unary_timeout = options.unary_timeout;
  connection.backoff = options.backoff;
  return connection;
}

bool IsLocalTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:")) return true;
  for (const absl::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&target, scheme)) break;
  }
  for (const absl::string_view address : absl::StrSplit(target, ',')) {
    if (!IsLocalAddress(address)) return false;
  }
  return true;
}

}  // namespace pcaps
