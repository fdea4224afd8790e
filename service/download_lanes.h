// DownloadLanes: loops of their own for bodies that are streamed, each with an upstream client.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/pcaps_api/rest_pcaps_api.h"
#include "service/config.h"
#include "service/gateway/gateway.h"
#include "service/loop_thread.h"

namespace pcaps {

class DownloadLanes {
 public:
  // config.download.threads of them.
  DownloadLanes(const Config& config, const RestPcapsApiOptions& options,
                const std::shared_ptr<const Credentials>& credentials,
                const std::shared_ptr<UpstreamLimits>& limits, Clock& clock,
                const std::function<double()>& uniform);

  const std::vector<DownloadLane>& lanes() const { return lanes_; }

  // Lets what is under way end by itself until then.
  void Join(absl::Time until);

 private:
  std::vector<std::unique_ptr<LoopThread>> loops_;
  std::vector<std::unique_ptr<RestPcapsApi>> apis_;
  std::vector<DownloadLane> lanes_;
};

}  // namespace pcaps
