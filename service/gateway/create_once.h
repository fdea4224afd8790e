// CreateOnce: a creation named by a request_id happens once, however often, and wherever in the
// fleet, it is asked for. Creations of an account are sent one at a time, and not before the
// upstream's rules allow. On the control loop.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/base/clock.h"
#include "clients/base/flight.h"
#include "clients/base/task.h"
#include "clients/pcaps_api/pcaps_api.h"
#include "service/gateway/create_lease.h"
#include "service/gateway/create_queue.h"
#include "service/gateway/create_record.h"
#include "service/gateway/create_rules.h"
#include "service/gateway/create_sender.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct CreateOnceOptions {
  std::string holder = "holder";  // Names this process in the fleet: random, new at each start.
  absl::Duration request_timeout = absl::Seconds(20);  // Bounds what follows the wait for a slot.
  CreateRulesOptions rules;
  // Creations under way or waiting; above them: OVERLOADED. Some KiB each.
  int max_open = 5000;
  int max_open_per_account = 1000;  // So that one account leaves room for others.
};

class CreateOnce {
 public:
  // What came of those who asked.
  struct Counts {
    int64_t created = 0;
    int64_t repeated = 0;   // Answered with what an earlier ask had created.
    int64_t refused = 0;    // Nothing was created, see IsRefusal(): the upstream's 429 is one.
    int64_t unknown = 0;    // It may or may not have been created.
    int64_t failed = 0;     // The upstream did not create it.
    int64_t cancelled = 0;  // Its caller left.
  };

  // `look_up` answers for captures created before. All referents outlive the loop's last run.
  CreateOnce(Loop loop, SharedState& state, PcapsApi& api, Clock& clock, LookUpPcap look_up,
             CreateOnceOptions options);

  // The capture this request_id created, or creates now; without a request_id, a new one. One POST
  // is sent at most, and runs to its end whatever its callers do; what is not sent yet ends with
  // the last of them. Waits for a slot as max_queue_wait and the deadline allow, and
  // `request_timeout` beyond for the rest. `caller`: who asks; each has request ids of its own.
  // Errors: INVALID_ARGUMENT/REQUEST_ID_REUSED; RESOURCE_EXHAUSTED/CREATE_TOO_SOON, OVERLOADED;
  // FAILED_PRECONDITION/FULL_CAPTURE_RUNNING; ABORTED/CREATE_OUTCOME_UNKNOWN;
  // UNAVAILABLE/SHARED_STATE_UNAVAILABLE; those of PcapsApi::CreatePcap and of `look_up`.
  Task<absl::StatusOr<v1::Pcap>> Run(v1::CreatePcapRequest request, CallTerms terms,
                                     std::string caller = "");

  // From now on nobody waits for a slot: those who do, or ask to, get `why`.
  void EndWaits(absl::Status why);

  const Counts& counts() const { return counts_; }
  // Who joined a creation under way.
  int64_t joined() const { return joined_; }

 private:
  using Shared = std::shared_ptr<Flight<v1::Pcap>>;
  struct Ask {
    v1::CreatePcapRequest request;
    std::string key;  // Empty without a request_id.
    std::string fingerprint;
    absl::Time patience;  // Until then it waits for a slot.
    absl::Time begin_by;  // Later there is no time for an answer.
    absl::Time end;
    std::shared_ptr<UpstreamCost> cost;  // Of who began it.
    // Whether the answer is an earlier creation's: of those who share the flight.
    std::shared_ptr<bool> repeats = std::make_shared<bool>(false);
  };
  struct Open {
    std::string fingerprint;
    uint64_t number = 0;
    Shared flight;
  };

  absl::StatusOr<Shared> Start(Ask ask);
  Task<absl::StatusOr<v1::Pcap>> JoinOrStart(Ask ask);
  void Count(const absl::Status& status, bool repeats);
  void Landed(const std::string& name, uint64_t number, const std::string& account_id);

  Task<absl::StatusOr<v1::Pcap>> Create(Ask ask);
  // The record of this name, once it is nobody's any more; nothing where there is none.
  Task<absl::StatusOr<std::optional<StoredCreate>>> AwaitRecord(Ask ask);
  absl::StatusOr<std::optional<StoredCreate>> Read(const Ask& ask,
                                                   std::optional<std::string> bytes) const;
  Task<CreateSender::Outcome> Resolve(Ask ask, StoredCreate lost);
  // The same error; where it is that the outcome is unknown, with RetryInfo.
  absl::Status WithNextLook(const Ask& ask, absl::Status error);
  Task<CreateSender::Outcome> Queue(Ask ask);
  Task<CreateSender::Outcome> Serve(Ask ask, CreateQueue::Entered place);
  Task<absl::StatusOr<std::optional<CreateRefusal>>> Refused(Ask ask);
  Task<absl::Status> TakeLease(Creation& creation, absl::Time deadline, bool again);
  Task<CreateSender::Outcome> SendOnItsOwn(Creation creation, absl::Time end);
  Creation NextTurn(const Ask& ask);

  const Loop loop_;
  SharedState& state_;
  Clock& clock_;
  const LookUpPcap look_up_;
  const CreateOnceOptions options_;
  CreateRules rules_;
  CreateLease lease_;
  CreateSender sender_;
  CreateQueue queue_;
  std::map<std::string, Open> open_;  // By key, or by a name of our own.
  int open_count_ = 0;
  std::map<std::string, int> open_of_account_;
  uint64_t last_ = 0;  // Number of a flight or a turn.
  Counts counts_;
  int64_t joined_ = 0;
};

}  // namespace pcaps
