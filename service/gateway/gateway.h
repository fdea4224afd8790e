// Gateway: the story of each RPC, without gRPC, HTTP or plumbing. Requests are checked before they
// come here. On the control loop, except where said.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/create_once.h"
#include "service/gateway/stream_writer.h"
#include "service/gateway/watch_hub.h"
#include "service/gateway/watch_stream.h"

namespace pcaps {

struct GatewayOptions {
  absl::Duration request_timeout = absl::Seconds(20);  // Bounds one use case that is no stream.
  absl::Duration heartbeat_interval = absl::Seconds(15);
  absl::Duration max_watch_duration = absl::Minutes(30);  // +-20%.
  int64_t chunk_size = 256 << 10;                         // Bytes a download message.
  int64_t whole_max = 8 << 20;                            // Larger files are streamed.
  int max_downloads = 64;                                 // Above it: OVERLOADED.
  WatchOptions watch;
};

// A loop that owns bodies, and the client that fetches them there.
struct DownloadLane {
  Loop loop;
  PcapsApi* api;
};

class Gateway {
 public:
  // `api` works on `control`; there is at least one lane. `uniform` returns numbers in [0, 1). All
  // outlive the gateway.
  Gateway(Loop control, PcapsApi& api, std::vector<DownloadLane> lanes, Clock& clock,
          std::function<double()> uniform, GatewayOptions options);

  // Errors of all: as PcapsApi says, and what proto/pcaps/v1 names for each RPC.
  Task<absl::StatusOr<v1::ListPcapsResponse>> ListPcaps(v1::ListPcapsRequest request,
                                                        absl::Time deadline);
  Task<absl::StatusOr<v1::Pcap>> GetPcap(v1::GetPcapRequest request, absl::Time deadline);
  Task<absl::StatusOr<v1::Pcap>> CreatePcap(v1::CreatePcapRequest request, absl::Time deadline);
  Task<absl::StatusOr<v1::StopPcapResponse>> StopPcap(v1::StopPcapRequest request,
                                                      absl::Time deadline);
  Task<absl::Status> WatchPcap(v1::WatchPcapRequest request, StreamWriter<v1::WatchEvent>& writer);
  Task<absl::Status> WatchPcaps(v1::WatchPcapsRequest request,
                                StreamWriter<v1::WatchEvent>& writer);

  // The lane for the next download, in turn. Any thread.
  const DownloadLane& NextLane();
  // On the lane's loop.
  Task<absl::Status> DownloadPcap(const DownloadLane& lane, v1::DownloadPcapRequest request,
                                  StreamWriter<v1::DownloadPcapResponse>& writer);

 private:
  Task<absl::StatusOr<v1::Pcap>> FindDownloadable(v1::DownloadPcapRequest request);
  // The capture once it is done, or known to be a full one.
  Task<absl::StatusOr<v1::Pcap>> AwaitDone(std::string account_id, std::string pcap_id);
  // When a stream that begins now has lived its life: max_watch_duration +-20%.
  absl::Time StreamExpiry();
  template <typename Request>
  StreamWatchOptions StreamOptionsOf(const Request& request);

  const Loop control_;
  PcapsApi& api_;
  const std::vector<DownloadLane> lanes_;
  Clock& clock_;
  const std::function<double()> uniform_;
  const GatewayOptions options_;
  WatchHub hub_;
  CreateOnce creations_;
  std::atomic<size_t> next_lane_ = 0;
  std::atomic<int> downloads_ = 0;
};

}  // namespace pcaps
