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
  if (options.cert_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError("a certificate file and its key file go together");
  }
  if (!options.cert_file.empty() && !options.tls) {
    return absl::InvalidArgumentError("a certificate is of use with TLS only");
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

// What is in a PEM file; nothing where no file is named. `what` names it in the error.
absl::StatusOr<std::string> ReadPem(const std::string& path, absl::string_view what) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::stringstream pem;
  pem << file.rdbuf();
  if (!pem.str().empty()) return pem.str();
  return absl::InvalidArgumentError(absl::StrCat("cannot read the ", what, " file ", path));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const ConnectOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  absl::StatusOr<std::string> authorities = ReadPem(options.ca_file, "CA");
  if (!authorities.ok()) return authorities.status();
  absl::StatusOr<std::string> certificate = ReadPem(options.cert_file, "certificate");
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = ReadPem(options.key_file, "key");
  if (!key.ok()) return key.status();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = *std::move(authorities);
  ssl.pem_cert_chain = *std::move(certificate);
  ssl.pem_private_key = *std::move(key);
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
