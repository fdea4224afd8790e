// What a request must be like before anything is done for it: every bad field is named at once.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pcaps {

struct RequestBounds {
  absl::Duration full_time_limit_max = absl::Seconds(86400);
};

// OK, or INVALID_ARGUMENT/INVALID_FIELD with google.rpc.BadRequest.
absl::Status CheckRequest(const v1::ListPcapsRequest& request);
absl::Status CheckRequest(const v1::GetPcapRequest& request);
absl::Status CheckRequest(const v1::CreatePcapRequest& request, const RequestBounds& bounds,
                          absl::Time now);
absl::Status CheckRequest(const v1::StopPcapRequest& request);
absl::Status CheckRequest(const v1::DownloadPcapRequest& request);
absl::Status CheckRequest(const v1::WatchPcapRequest& request);
absl::Status CheckRequest(const v1::WatchPcapsRequest& request);

}  // namespace pcaps
