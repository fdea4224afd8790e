// The options that say what to capture, for the commands that create.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/gateway/pcapctl/time_window.h"

namespace CLI {
class App;
}

namespace pcaps::pcapctl {

struct CreateFlags {
  bool full = false;
  std::string colo;
  std::string bucket;
  std::optional<uint64_t> bytes;
  std::optional<uint32_t> packets;
  TimeWindowFlags window;                 // Its time_limit holds for every capture.
  std::optional<absl::Time> offset_time;  // Given, or from the window.
  v1::Filter filter;
  absl::Duration max_queue_wait = absl::ZeroDuration();
  bool dry_run = false;
};

// A simple capture has no options of a full one, nor the other way round.
void AddSimpleFlags(CLI::App& command, CreateFlags& flags);
void AddFullFlags(CLI::App& command, CreateFlags& flags);

// Takes what the environment says instead of options, and makes a time and a limit of a window.
// Errors: INVALID_ARGUMENT when something is missing, or the window makes no sense.
absl::Status FinishCreateFlags(CreateFlags& flags, absl::Time now, absl::TimeZone zone);

// Values are the gateway's to judge.
v1::CreatePcapRequest ToRequest(const CreateFlags& flags, const std::string& account_id,
                                const std::string& request_id);

}  // namespace pcaps::pcapctl
