#include "service/rpc/server_limits.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/rpc/call_size.h"

namespace pcaps {
namespace {

// gRPC reads so much before it looks at it. Its own default is 4 MiB: what it has counted would be
// that much behind what it has read, and FloodRule take honest callers for a flood.
constexpr int kMaxReadBytes = 64 << 10;
constexpr int kMinReadBytes = 8 << 10;  // As by default: room for several requests.
// With this the default stays, whatever is set.
constexpr char kUnboundedReads[] = "-tcp_read_chunks";
// TLS takes four messages, HTTP/2 one more. gRPC's own default is two minutes, in which idle
// sockets would take the place of callers.
constexpr absl::Duration kHandshakeTimeout = absl::Seconds(10);
// A host that is gone without a word keeps its connection, and its watches, no longer than this.
constexpr absl::Duration kKeepaliveTime = absl::Minutes(1);
constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(20);

int Milliseconds(absl::Duration duration) {
  const int64_t most = std::numeric_limits<int>::max();  // Infinite, to gRPC.
  return static_cast<int>(std::min(absl::ToInt64Milliseconds(duration), most));
}

}  // namespace

void LimitReads() {
  constexpr char kName[] = "GRPC_EXPERIMENTS";
  const char* const others = std::getenv(kName);
  const std::string all = absl::StrCat(others == nullptr ? "" : others, ",", kUnboundedReads);
  setenv(kName, all.c_str(), /*replace=*/1);
}

void SetServerLimits(grpc::ServerBuilder& builder, const ServerLimits& limits) {
  const auto set = [&builder](const char* name, int value) {
    builder.AddChannelArgument(name, value);
  };
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessageBytes));
  set(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, kMaxReadBytes);
  set(GRPC_ARG_TCP_MIN_READ_CHUNK_SIZE, kMinReadBytes);
  set(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(kMaxMetadataBytes));
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams);
  set(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(limits.max_connection_age));
  set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(limits.max_call_life));
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(kHandshakeTimeout));
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(limits.min_client_ping_interval));
  // Watchers, and clients between two calls, keep idle connections alive; so do we.
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(kKeepaliveTime));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(kKeepaliveTimeout));
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // As many as those take.
  // A compressed message can be far larger than it looks.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
}

}  // namespace pcaps
