// Gateway: the story of each RPC, without gRPC, HTTP or plumbing. Requests are checked before they
// come here. On the control loop, except where said.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/create_once.h"
#include "service/gateway/download_cache.h"
#include "service/gateway/file_fetcher.h"
#include "service/gateway/pcap_cache.h"
#include "service/gateway/pcap_reader.h"
#include "service/gateway/served.h"
#include "service/gateway/slots.h"
#include "service/gateway/stream_writer.h"
#include "service/gateway/watch_hub.h"
#include "service/gateway/watch_stream.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct GatewayOptions {
  absl::Duration request_timeout = absl::Seconds(20);  // Bounds one use case that is no stream.
  absl::Duration heartbeat_interval = absl::Seconds(15);
  absl::Duration max_watch_duration = absl::Minutes(30);  // +-20%.
  int64_t chunk_size = 256 << 10;                         // Bytes a download message.
  int64_t whole_max = 8 << 20;                            // Larger files are streamed.
  int64_t download_cache_size = 64 << 20;                 // Bytes of files kept. 0: none.
  int max_downloads = 64;  // Files on their way that no cache holds. Above it: OVERLOADED.
  PcapCacheOptions cache;
  PcapReaderOptions read;
  WatchOptions watch;
  std::string replica = "replica";  // Names this process in the fleet: random, new at each start.
  CreateRulesOptions create_rules;
};

// The upstream, for each purpose. All work on the control loop.
struct UpstreamApis {
  PcapsApi& reads;   // For who asks,
  PcapsApi& polls;   // who watches,
  PcapsApi& writes;  // and who changes something.
};

class Gateway {
 public:
  // There is at least one lane. `uniform` returns numbers in [0, 1). All referents outlive the
  // gateway.
  Gateway(Loop control, UpstreamApis apis, SharedState& state, std::vector<DownloadLane> lanes,
          Clock& clock, std::function<double()> uniform, GatewayOptions options);

  // Errors of all: as PcapsApi says, and what proto/pcaps/v1 names for each RPC. What a use case
  // asks the upstream is counted where its terms say; of what several share, by who began it, and
  // what is asked for watchers by nobody.
  Task<absl::StatusOr<Served<v1::ListPcapsResponse>>> ListPcaps(v1::ListPcapsRequest request,
                                                                CallTerms terms);
  Task<absl::StatusOr<Served<v1::Pcap>>> GetPcap(v1::GetPcapRequest request, CallTerms terms);
  // The answer to GetPcap where this process remembers it. Any thread, at once.
  std::optional<absl::StatusOr<Served<v1::Pcap>>> Cached(const v1::GetPcapRequest& request);
  // `caller`: his name. Each caller has request ids of his own.
  Task<absl::StatusOr<v1::Pcap>> CreatePcap(v1::CreatePcapRequest request, CallTerms terms,
                                            std::string caller = "");
  Task<absl::StatusOr<v1::StopPcapResponse>> StopPcap(v1::StopPcapRequest request, CallTerms terms);
  Task<absl::Status> WatchPcap(v1::WatchPcapRequest request, StreamWriter<v1::WatchEvent>& writer);
  Task<absl::Status> WatchPcaps(v1::WatchPcapsRequest request,
                                StreamWriter<v1::WatchEvent>& writer);

  // Everything about one capture's file happens on one loop: this one. Any thread.
  const Loop& DownloadLoop(const v1::DownloadPcapRequest& request) const;
  // On DownloadLoop(request). `cost`: see CallTerms.
  Task<absl::Status> DownloadPcap(v1::DownloadPcapRequest request,
                                  StreamWriter<v1::DownloadPcapResponse>& writer,
                                  std::shared_ptr<UpstreamCost> cost = nullptr);

  // What it has done since it began. On the control loop; all but the files' counts are of it.
  struct Counts {
    CreateOnce::Counts creates;
    WatchHub::Counts watches;
    int64_t files_held = 0;   // Downloads of a file that was at hand,
    int64_t files_asked = 0;  // and those for which the upstream was asked.
    int64_t joined = 0;       // Those who shared what another had asked for.
    int64_t corrupt_values = 0;
  };
  Counts counts() const;
  int watchers() const { return hub_.watchers(); }
  // See WatchHub.
  absl::Duration OldestAnswer() const { return hub_.OldestAnswer(); }

  // Ends with `why` what only waits for its turn to create a capture.
  void EndWaits(const absl::Status& why) { creations_.EndWaits(why); }

 private:
  // Whether there is a file for the capture: now,
  Task<absl::Status> CheckDownloadable(CaptureKey key, std::shared_ptr<UpstreamCost> cost);
  // or once it is done.
  Task<absl::Status> AwaitDownloadable(CaptureKey key);
  Task<absl::StatusOr<v1::Pcap>> ReadCapture(CaptureKey key, std::optional<absl::Duration> max_age,
                                             CallTerms terms);
  // What a stop may have done, and what it has learnt.
  void NoteStop(const CaptureKey& key, const v1::Pcap& before, const absl::Status& stopped);
  // The capture to be stopped, as far as it is known: whether it is done is the upstream's to say.
  Task<absl::StatusOr<v1::Pcap>> ToBeStopped(CaptureKey key, CallTerms terms);
  // The capture once it is done, or known to be a full one.
  Task<absl::StatusOr<v1::Pcap>> AwaitDone(CaptureKey key);
  size_t LaneOf(const std::string& pcap_id) const;
  // When a stream that begins now has lived its life: max_watch_duration +-20%.
  absl::Time StreamExpiry();
  template <typename Request>
  StreamWatchOptions StreamOptionsOf(const Request& request);

  const Loop control_;
  const UpstreamApis apis_;
  SharedState& state_;
  const std::vector<DownloadLane> lanes_;
  Clock& clock_;
  const std::function<double()> uniform_;
  const GatewayOptions options_;
  PcapCache cache_;
  PcapReader reader_;
  WatchHub hub_;
  CreateOnce creations_;
  DownloadCache files_;
  Slots files_on_their_way_;
  std::vector<std::unique_ptr<FileFetcher>> fetchers_;  // One for each lane.
  std::atomic<int64_t> files_held_ = 0;
  std::atomic<int64_t> files_asked_ = 0;
};

}  // namespace pcaps
