#include "service/download_lanes.h"

#include "absl/strings/str_cat.h"

namespace pcaps {

DownloadLanes::DownloadLanes(const Config& config, const RestPcapsApiOptions& options,
                             const std::shared_ptr<const Credentials>& credentials,
                             const std::shared_ptr<UpstreamLimits>& limits, Clock& clock,
                             const std::function<double()>& uniform) {
  for (int i = 0; i < config.download.threads; ++i) {
    loops_.push_back(std::make_unique<LoopThread>(absl::StrCat("download-", i + 1)));
    apis_.push_back(std::make_unique<RestPcapsApi>(loops_.back()->executor(), options, credentials,
                                                   limits, clock, uniform));
    lanes_.push_back({loops_.back()->executor(), apis_.back().get()});
  }
}

void DownloadLanes::Join(absl::Time until) {
  for (size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->Join(until);
    apis_[i].reset();
  }
}

}  // namespace pcaps
