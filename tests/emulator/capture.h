// Capture: what was asked for and when; what it has become is a pure function of it and the time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/emulator/options.h"
#include "tests/emulator/packet_filter.h"
#include "tests/emulator/pcap_file.h"

namespace pcaps::emulator {

// A file made larger than the API would, for tests of streaming.
struct LargeFile {
  uint64_t bytes = 0;
  bool chunked = false;
};

struct Capture {
  std::string id;
  bool full = false;
  PacketFilter filter;
  int64_t time_limit = 0;  // Seconds.
  std::optional<int64_t> packet_limit;
  std::optional<int64_t> byte_limit;  // Full ones, like the next three.
  std::string colo_name;
  std::string destination_conf;
  std::optional<absl::Time> stop_requested;
  absl::Time submitted;
  absl::Time offset_time;  // Simple ones.
  Pace pace;

  // Set by tests.
  std::optional<LargeFile> large_file;
  std::string pinned_status;  // Shown whatever the time says.
};

struct Progress {
  absl::string_view status;  // One of the API's words.
  int64_t packets_captured = 0;

  bool capturing() const { return status == "pending" || status == "running"; }
};

// Simple: pending, conversion_pending, conversion_running, then success, all within
// pace.simple_duration. Full: pending, running until time_limit (scaled), stop, packet_limit or
// byte_limit end it, conversion_pending, conversion_running, then success. A capture whose filter
// can match nothing ends failed instead.
Progress ProgressAt(const Capture& capture, absl::Time now);

// The file of a simple capture. Another `salt`, another file.
PcapFileSpec FileOf(const Capture& capture, uint64_t salt = 0);

}  // namespace pcaps::emulator
