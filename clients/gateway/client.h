// GatewayClient: packet captures through a pcaps-gateway, as plain blocking calls.
#pragma once

#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/gateway/call_options.h"
#include "clients/gateway/connection.h"
#include "clients/gateway/download.h"
#include "clients/gateway/watch.h"

namespace pcaps {

// Thread-safe. Each method blocks its caller until the call's end, its deadline, or its stop token.
// Errors carry the gateway's google.rpc details, to be read with clients/base/error.h, and its
// request id (status.h). UNAVAILABLE calls are repeated by gRPC as
// proto/pcaps/v1/service_config.json has it before they are returned.
class GatewayClient {
 public:
  // Does not wait for the gateway to answer. Errors: INVALID_ARGUMENT.
  static absl::StatusOr<std::unique_ptr<GatewayClient>> Connect(const ConnectOptions& options);

  // All captures of the account, newest first.
  absl::StatusOr<std::vector<v1::Pcap>> List(const std::string& account_id,
                                             const CallOptions& options = {}) const;
  absl::StatusOr<v1::Pcap> Get(const v1::GetPcapRequest& request,
                               const CallOptions& options = {}) const;
  // A request without a request_id is given a random one, so that repeating it on the way is safe.
  // Without a deadline of the caller's, the time the request may queue (max_queue_wait) comes on
  // top of the usual one.
  absl::StatusOr<v1::Pcap> Create(v1::CreatePcapRequest request,
                                  const CallOptions& options = {}) const;
  absl::Status Stop(const v1::StopPcapRequest& request, const CallOptions& options = {}) const;
  // See download.h and watch.h. Without a deadline of the caller's they take as long as it takes.
  absl::StatusOr<DownloadResult> Download(const v1::DownloadPcapRequest& request,
                                          const DownloadSink& sink, const CallOptions& options = {},
                                          const OnDownloadInfo& on_info = nullptr) const;
  absl::StatusOr<v1::Pcap> Watch(const v1::WatchPcapRequest& request, const OnWatchEvent& on_event,
                                 const CallOptions& options = {}) const;
  absl::Status WatchAll(const v1::WatchPcapsRequest& request, const OnWatchEvent& on_event,
                        const CallOptions& options = {}) const;

  // All buckets of the account, newest first.
  absl::StatusOr<std::vector<v1::Ownership>> ListOwnerships(const std::string& account_id,
                                                            const CallOptions& options = {}) const;
  // These three are sent once, never repeated on the way: ABORTED and UNAVAILABLE say that they may
  // have happened. A failed validation is no error but a status of the ownership.
  absl::StatusOr<v1::Ownership> CreateOwnership(const v1::CreateOwnershipRequest& request,
                                                const CallOptions& options = {}) const;
  absl::StatusOr<v1::Ownership> ValidateOwnership(const v1::ValidateOwnershipRequest& request,
                                                  const CallOptions& options = {}) const;
  absl::Status DeleteOwnership(const v1::DeleteOwnershipRequest& request,
                               const CallOptions& options = {}) const;

 private:
  explicit GatewayClient(Connection connection) : connection_(std::move(connection)) {}

  // The caller's deadline, or the usual one.
  absl::Time UnaryDeadline(const CallOptions& options) const;

  const Connection connection_;
};

// A name for a creation that nobody else uses: 128 random bits.
std::string NewRequestId();

}  // namespace pcaps
