// Observation: a capture as somebody saw it, and how it travels between replicas.
#pragma once

#include <pcaps/state/v1/state.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/gateway/capture_file.h"
#include "service/state/shared_state.h"

namespace pcaps {

struct Observation {
  v1::Pcap pcap;      // Of one that is gone: account_id, id, observed_time, and done if it was.
  bool gone = false;  // The upstream knows no such capture.
  // What began before this is older: observed_time, or later where a write may have changed the
  // capture since. On the fleet's clock.
  absl::Time not_before;
  // How long it counts as fresh, where not as long as the options say: a watched capture is fresh
  // until the next poll.
  std::optional<absl::Duration> fresh_for;
};

// What an answer shows.
Observation Seen(v1::Pcap pcap);
// That there is none, by a call that began at `began` on the fleet's clock. `was_done`: it was
// known as done, which otherwise is never replaced.
Observation Missing(const CaptureKey& key, absl::Time began, bool was_done);

CaptureKey KeyOf(const Observation& seen);
// A done capture stays done, until it is gone; else the later one counts.
Order OrderOf(const Observation& seen);

state::v1::CaptureRecord ToRecord(const Observation& seen);
Observation FromRecord(state::v1::CaptureRecord record);

// The list of an account, by a call that began at `began` on the fleet's clock.
state::v1::ListRecord ToListRecord(const std::string& account_id, std::vector<v1::Pcap> pcaps,
                                   absl::Time began, std::optional<absl::Duration> fresh_for);
Order OrderOf(const state::v1::ListRecord& list);

}  // namespace pcaps
