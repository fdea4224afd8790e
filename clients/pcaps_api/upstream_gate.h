// UpstreamGate: leave to send a request to the upstream, asked for before each one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/operation.h"
#include "clients/pcaps_api/ratelimit_header.h"

namespace pcaps {

// What a request is for. It decides who goes first when few are left.
enum class Purpose {
  kRead,   // Somebody asks.
  kPoll,   // Somebody watches.
  kWrite,  // Somebody changes something, or a read is part of that.
};

struct UpstreamAsk {
  Operation operation;
  Purpose purpose = Purpose::kRead;
  std::string account_id;
  std::string budget;   // Of the credential.
  absl::Time deadline;  // Leave that comes later is of no use.
};

struct UpstreamLeave {
  absl::Time began;    // Now, on the fleet's clock: no answer is older than this.
  bool probe = false;  // The one request that finds out whether the upstream takes some again.
  std::vector<std::string> probed;  // The gate's own: of what.
};

// What an answer said of the upstream's limit.
struct UpstreamVerdict {
  int http_status = 0;                        // 0: there was no answer.
  std::optional<absl::Duration> retry_after;  // Of a 429: how long to leave it alone; PauseOf().
  std::vector<RateLimitWindow> windows;
};

// Called on the loop of whoever calls the upstream.
class UpstreamGate {
 public:
  virtual ~UpstreamGate() = default;

  // Each leave is for one request. Errors: RESOURCE_EXHAUSTED with RetryInfo,
  // UPSTREAM_BUDGET_EXHAUSTED where too much was sent lately, UPSTREAM_RATE_LIMITED while the
  // upstream has told us to wait; CANCELLED.
  virtual Task<absl::StatusOr<UpstreamLeave>> Enter(UpstreamAsk ask) = 0;
  // What came of a request that had leave.
  virtual void Report(const UpstreamAsk& ask, const UpstreamLeave& leave,
                      const UpstreamVerdict& verdict) = 0;
};

}  // namespace pcaps
