// CreateSender: sends a creation's one POST, finds out what came of it, and notes that for the
// fleet. On the control loop.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/create_lease.h"
#include "service/gateway/create_lost.h"
#include "service/gateway/create_record.h"
#include "service/gateway/create_rules.h"
#include "service/state/shared_state.h"

namespace pcaps {

// A creation whose turn has come.
struct Creation {
  v1::CreatePcapRequest request;
  std::string key;          // Of its record. Empty: its caller gave it no name.
  std::string fingerprint;  // Of one with a name.
  std::string holder;       // Other than that of any other turn.
  std::shared_ptr<UpstreamCost> cost = nullptr;  // See CallTerms.
  bool leased = false;  // It has the account's lease. One without a name goes on without it where
                        // the state is down.

  bool named() const { return !key.empty(); }
  // In MadeCaptures.
  const std::string& maker() const { return named() ? key : holder; }
};

class CreateSender {
 public:
  // The capture; nothing where the record or the lease has changed hands and the creation must
  // begin again.
  using Outcome = absl::StatusOr<std::optional<v1::Pcap>>;

  // All referents outlive the loop's last run.
  CreateSender(Loop loop, SharedState& state, PcapsApi& api, Clock& clock, CreateRules& rules,
               CreateLease& lease, absl::Duration request_timeout)
      : loop_(std::move(loop)),
        state_(state),
        api_(api),
        clock_(clock),
        rules_(rules),
        lease_(lease),
        lost_(api, state, clock, request_timeout),
        // A POST takes request_timeout at most, then the list is read for a while.
        open_time_(request_timeout + absl::Seconds(20)) {}

  // Both run to their end, in open_time at most, whoever waits for them, and give the lease back
  // when the outcome is known and noted: other creations of the account must not be confused with
  // this one. Where the state fails after the POST, they go on noting for a while after they
  // returned.
  //
  // Waits for the answer until `answer_by`, and then looks for it in the list; `lost` becomes why
  // the answer was lost, for those who do not wait for the end of that. Errors:
  // UNAVAILABLE/SHARED_STATE_UNAVAILABLE; those of PcapsApi::CreatePcap.
  Task<Outcome> Send(Creation creation, absl::Time answer_by, std::shared_ptr<absl::Status> lost);
  // Looks, once, for what an earlier POST of this name created, whose holder is dead or gave up.
  // ABORTED/CREATE_OUTCOME_UNKNOWN where it cannot be told.
  Task<Outcome> Resolve(Creation creation, StoredCreate lost);

 private:
  // A creation from just before its POST.
  struct Sent {
    Creation creation;
    state::v1::CreateRecord record;
    std::string record_bytes;
    absl::Time time;  // On the fleet's clock.
    TakenSlot slot;
    bool told_directly = false;  // What it created: by the answer, not by the list.
  };
  using Shared = std::shared_ptr<Sent>;

  // Writes what must be written before the bytes. False where the creation must begin again.
  Task<absl::StatusOr<bool>> Reserve(Shared sent);
  // As long as the creation has kept the account's lease.
  Task<absl::StatusOr<v1::Pcap>> FindLost(Shared sent, absl::Status cause);
  // Notes the outcome, now or in the background.
  Task<void> Settle(Shared sent, absl::StatusOr<v1::Pcap> outcome);
  Task<void> KeepSettling(Shared sent, absl::StatusOr<v1::Pcap> outcome);
  // May be repeated until it is OK.
  Task<absl::Status> Note(Shared sent, absl::StatusOr<v1::Pcap> outcome);
  // Whose the capture is, for the fleet.
  Task<absl::Status> NoteMaker(Shared sent, std::string pcap_id);
  Task<absl::Status> NoteRecord(Shared sent, std::optional<std::string> settled, bool is_known);
  // Puts the outcome in the place of `open`, or of nothing where the state has lost it.
  Task<absl::StatusOr<CasResult>> PutOutcome(std::string key, std::string open,
                                             std::optional<std::string> settled,
                                             absl::Duration life);
  Task<Outcome> LookOnce(Creation creation, StoredCreate lost);

  const Loop loop_;
  SharedState& state_;
  PcapsApi& api_;
  Clock& clock_;
  CreateRules& rules_;
  CreateLease& lease_;
  LostCreates lost_;
  const absl::Duration open_time_;
  int settling_ = 0;
};

}  // namespace pcaps
