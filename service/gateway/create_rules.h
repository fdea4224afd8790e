// CreateRules: the upstream's two rules on creating, kept before it is asked: one simple capture of
// an account in an interval, one full capture at a time. Remembers in the shared state what the
// fleet created. On the control loop.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/call_terms.h"
#include "service/state/shared_state.h"

namespace pcaps {

// A capture, not older than `max_age`, or as old as caching allows where that is unset.
using LookUpPcap = std::function<Task<absl::StatusOr<v1::Pcap>>(
    std::string account_id, std::string pcap_id, std::optional<absl::Duration> max_age,
    CallTerms terms)>;

struct CreateRulesOptions {
  absl::Duration simple_interval = absl::Seconds(60);  // 0 leaves the rule to the upstream.
  bool one_full_at_a_time = true;                      // false leaves the rule to the upstream.
};

// Why nothing may be created now.
struct CreateRefusal {
  absl::Status status;    // With RetryInfo.
  absl::Time look_again;  // When this may have changed.
};

// A slot as a creation found it and left it. Empty where no rule is kept.
struct TakenSlot {
  std::string key;
  std::optional<std::string> before;
  std::string taken;
  absl::Duration ttl;  // From when it was taken, or its capture made.
};

class CreateRules {
 public:
  // Both referents outlive it.
  CreateRules(SharedState& state, Clock& clock, LookUpPcap look_up, CreateRulesOptions options)
      : state_(state), clock_(clock), look_up_(std::move(look_up)), options_(options) {}

  // Whether the request may be sent now: RESOURCE_EXHAUSTED/CREATE_TOO_SOON,
  // FAILED_PRECONDITION/FULL_CAPTURE_RUNNING. Other errors: the state's.
  Task<absl::StatusOr<std::optional<CreateRefusal>>> Check(v1::CreatePcapRequest request,
                                                           CallTerms terms);

  // The request is about to be sent by `holder`, who has the account's lease.
  Task<absl::StatusOr<TakenSlot>> Take(v1::CreatePcapRequest request, std::string holder);
  // It created this, now.
  Task<absl::Status> Made(TakenSlot slot, v1::Pcap pcap);
  // It surely created nothing.
  Task<absl::Status> GiveBack(TakenSlot slot);
  // The creation by `holder`, whose slot is not at hand any more, has made this. The asker has the
  // account's lease.
  Task<absl::Status> Found(v1::CreatePcapRequest request, std::string holder, v1::Pcap pcap);

 private:
  std::optional<CreateRefusal> CheckSimple(absl::Time free_time) const;
  Task<std::optional<CreateRefusal>> CheckFull(std::string account_id, std::string pcap_id,
                                               CallTerms terms);

  SharedState& state_;
  Clock& clock_;
  const LookUpPcap look_up_;
  const CreateRulesOptions options_;
};

}  // namespace pcaps
