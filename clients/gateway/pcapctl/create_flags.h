// The options that say what to capture, for the commands that create.
#pragma once

#include <pcaps/v1/pcaps.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

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
  absl::Duration time_limit = absl::Minutes(1);
  std::optional<absl::Time> offset_time;
  std::string source_address;
  std::string destination_address;
  std::optional<uint32_t> source_port;
  std::optional<uint32_t> destination_port;
  std::optional<uint32_t> protocol;
  absl::Duration max_queue_wait = absl::ZeroDuration();
};

void AddCreateFlags(CLI::App& command, CreateFlags& flags);

// Takes what the environment says instead of options. Errors: INVALID_ARGUMENT when options
// contradict each other.
absl::Status FinishCreateFlags(CreateFlags& flags);

// Values are the gateway's to judge.
v1::CreatePcapRequest ToRequest(const CreateFlags& flags, const std::string& account_id,
                                const std::string& request_id);

}  // namespace pcaps::pcapctl
