// StreamedBody: a file too large to be held, read at the reader's pace, and at no less than a least
// one of the upstream's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/pcaps_api/http_exchange.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "clients/pcaps_api/upstream_limits.h"

namespace pcaps {

// Keeps its place among the requests in flight. Silence is not the only way to hold it for ever, so
// for so much waiting as makes a stall 64 KiB must have come, or the rest. Only waiting counts:
// nobody is given up for a slow reader.
class StreamedBody final : public PcapBody {
 public:
  StreamedBody(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<UpstreamLimits::Slot> slot,
               absl::Duration stall_timeout, Clock& clock)
      : exchange_(std::move(exchange)),
        slot_(std::move(slot)),
        stall_timeout_(stall_timeout),
        clock_(clock) {}

  Task<absl::StatusOr<std::string>> Read() override;

 private:
  const std::shared_ptr<HttpExchange> exchange_;
  const std::shared_ptr<UpstreamLimits::Slot> slot_;
  const absl::Duration stall_timeout_;
  Clock& clock_;
  // Since as much as has to come in a stall's time had come.
  absl::Duration waited_;
  int64_t received_ = 0;
};

}  // namespace pcaps
