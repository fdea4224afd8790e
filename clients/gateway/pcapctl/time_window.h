// TimeWindow: --from and --to as the API has them: a time, and how far to look back from it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pcaps::pcapctl {

// The most a simple capture looks back, and what it does when nobody says.
inline constexpr absl::Duration kMaxTimeWindow = absl::Seconds(300);
inline constexpr absl::Duration kDefaultTimeLimit = absl::Minutes(1);

struct TimeWindowFlags {
  std::string from;                          // Empty: not said.
  std::string to;                            // Empty: not said.
  std::optional<absl::Duration> time_limit;  // Beside one of them at most.

  bool given() const { return !from.empty() || !to.empty(); }
};

struct TimeWindow {
  absl::Time end;  // The API's offset_time.
  absl::Duration
      duration;  // The API's time_limit: whole seconds, rounded up so that nothing is lost.
};

// A time is "14:03" or "14:03:20" of today in `zone`, or of yesterday where that is still to come;
// "-10m" before `now`; "now"; or RFC 3339. Without --to the window lasts --time-limit from --from
// on, or until now; without --from it lasts --time-limit, or a minute, until --to.
//
// Errors: INVALID_ARGUMENT that names the option, shows the times as they were understood, and says
// what to do.
absl::StatusOr<TimeWindow> WindowOf(const TimeWindowFlags& flags, absl::Time now,
                                    absl::TimeZone zone);

// "--from 2026-03-01T14:03:00+01:00 --to 2026-03-01T14:05:00+01:00": what WindowOf() makes this
// very window of, whenever it is asked.
std::string WindowOptions(const TimeWindow& window, absl::TimeZone zone);

// "2026-03-01 14:03:00 to 14:05:00 +01:00": what is searched, as people in `zone` say it.
std::string WindowText(const TimeWindow& window, absl::TimeZone zone);

}  // namespace pcaps::pcapctl
