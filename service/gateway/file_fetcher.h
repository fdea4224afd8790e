// FileFetcher: brings files from the upstream, on one lane; those who want the same capture at the
// same time share one fetch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/capture_file.h"
#include "service/gateway/download_cache.h"
#include "service/gateway/single_flight.h"
#include "service/gateway/slots.h"

namespace pcaps {

// A loop that owns bodies, and the client that fetches them there.
struct DownloadLane {
  Loop loop;
  PcapsApi* api;
};

// A file too large to be held. One reader's own, unlike a held one; stays on its lane.
struct LargeFile {
  PcapFile file;
  Slot slot;
};
using Fetched = std::variant<HeldFile, LargeFile>;

struct FetchOptions {
  absl::Duration request_timeout = absl::Seconds(20);  // Bounds a fetch: status, file, repetition.
  int64_t whole_max = 8 << 20;                         // Larger files are streamed.
};

// All on the lane's loop. A fetch goes on when the reader who began it leaves, as long as others
// wait for what it brings; the last one's leaving ends it, and gives its slot back. A failure is
// told to all who wait, and not remembered.
class FileFetcher {
 public:
  // Whether the upstream has a file for the capture: OK, or why not.
  using Check =
      std::function<Task<absl::Status>(CaptureKey key, std::shared_ptr<UpstreamCost> cost)>;

  // All referents outlive the fetcher. A slot of `slots` is held by each file on its way, until a
  // cache keeps it or it is gone.
  FileFetcher(DownloadLane lane, Check check, DownloadCache& cache, Slots& slots, Clock& clock,
              FetchOptions options);

  // `known_done`: the caller has seen the capture done, so that it need not be checked. `cost`: see
  // CallTerms; of what this caller begins, not of what he shares. Errors: the
  // check's, PcapsApi's, and UPSTREAM_BAD_RESPONSE for what is no capture, also when fetched again;
  // RESOURCE_EXHAUSTED/OVERLOADED (RetryInfo) when all slots are taken; CANCELLED.
  Task<absl::StatusOr<Fetched>> Fetch(CaptureKey key, bool known_done,
                                      std::shared_ptr<UpstreamCost> cost = nullptr);

  // Readers who shared another's fetch. Any thread.
  int64_t joined() const { return flights_.joined(); }

 private:
  // A large file in it is the first one's who takes it.
  using SharedFetched = std::shared_ptr<Fetched>;

  Task<absl::StatusOr<SharedFetched>> Join(const CaptureKey& key, bool known_done,
                                           std::shared_ptr<UpstreamCost> cost);
  Task<absl::StatusOr<SharedFetched>> Fly(CaptureKey key, bool known_done,
                                          std::shared_ptr<UpstreamCost> cost);
  Task<absl::StatusOr<Fetched>> FetchOnce(CaptureKey key, bool known_done,
                                          std::shared_ptr<UpstreamCost> cost);

  const DownloadLane lane_;
  const Check check_;
  DownloadCache& cache_;
  Slots& slots_;
  Clock& clock_;
  const FetchOptions options_;
  SingleFlight<CaptureKey, SharedFetched> flights_;
};

}  // namespace pcaps
