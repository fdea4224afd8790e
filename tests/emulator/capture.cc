#include "tests/emulator/capture.h"

#include <algorithm>

#include "tests/emulator/random.h"

namespace pcaps::emulator {
namespace {

// Sampled history is thin, live traffic is not.
constexpr int64_t kSampledPacketsPerSecond = 100;
constexpr int64_t kLivePacketsPerSecond = 1000;
constexpr int64_t kLiveBytesPerPacket = 800;

absl::string_view EndOf(const Capture& capture) {
  return capture.filter.CanMatch() ? "success" : "failed";
}

// Where a capture that began converting `since_end` ago stands, when the conversion takes
// `duration`.
absl::string_view ConversionStatus(const Capture& capture, absl::Duration since_end,
                                   absl::Duration duration) {
  if (since_end < duration / 2) return "conversion_pending";
  return since_end < duration ? "conversion_running" : EndOf(capture);
}

Progress SimpleProgress(const Capture& capture, absl::Time now) {
  const absl::Duration half = capture.pace.simple_duration / 2;
  const absl::Duration age = now - capture.submitted;
  if (age < half) return {"pending"};
  return {ConversionStatus(capture, age - half, half)};
}

// Most packets the limits allow, at most those of the whole time_limit.
int64_t MostPackets(const Capture& capture) {
  int64_t most = capture.time_limit * kLivePacketsPerSecond;
  if (capture.packet_limit) most = std::min(most, *capture.packet_limit);
  if (capture.byte_limit) most = std::min(most, *capture.byte_limit / kLiveBytesPerPacket);
  return capture.filter.CanMatch() ? most : 0;
}

Progress FullProgress(const Capture& capture, absl::Time now) {
  const Pace& pace = capture.pace;
  const absl::Duration start_up = pace.simple_duration / 4;
  const absl::Duration conversion = pace.simple_duration / 2;
  const absl::Duration per_packet = absl::Seconds(1) * pace.time_scale / kLivePacketsPerSecond;
  const absl::Time begin = capture.submitted + start_up;
  // A limit that is reached ends the capture early; one that never is leaves the time_limit.
  const int64_t most = MostPackets(capture);
  const absl::Duration run = capture.filter.CanMatch()
                                 ? per_packet * most
                                 : absl::Seconds(capture.time_limit) * pace.time_scale;
  absl::Time end = begin + run;
  if (capture.stop_requested) end = std::clamp(*capture.stop_requested, capture.submitted, end);

  const absl::Duration captured = std::max(std::min(now, end) - begin, absl::ZeroDuration());
  const int64_t packets =
      per_packet > absl::ZeroDuration() ? std::min<int64_t>(most, captured / per_packet) : most;
  if (now >= end) return {ConversionStatus(capture, now - end, conversion), packets};
  return {now < begin ? "pending" : "running", packets};
}

}  // namespace

Progress ProgressAt(const Capture& capture, absl::Time now) {
  Progress progress = capture.full ? FullProgress(capture, now) : SimpleProgress(capture, now);
  if (!capture.pinned_status.empty()) progress.status = capture.pinned_status;
  return progress;
}

PcapFileSpec FileOf(const Capture& capture, uint64_t salt) {
  const int64_t sampled = capture.time_limit * kSampledPacketsPerSecond;
  const absl::Duration window = absl::Seconds(capture.time_limit);
  PcapFileSpec spec = {
      .seed = SeedOf(capture.id) + salt,
      .filter = capture.filter,
      .packets = static_cast<uint64_t>(std::min(capture.packet_limit.value_or(sampled), sampled)),
      .begin = capture.offset_time - window,
      .window = window,
  };
  return capture.large_file ? WithSize(spec, capture.large_file->bytes) : spec;
}

}  // namespace pcaps::emulator
