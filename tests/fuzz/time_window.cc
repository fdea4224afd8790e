// Time windows as people write them: what is accepted is one that the gateway takes, and means the
// same when it is written out. Input: a digit that names a time zone, then lines: --from, --to,
// --time-limit, and seconds that the clock is ahead of the start of 2024.
#include "clients/gateway/pcapctl/time_window.h"

#include <array>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

using pcapctl::TimeWindow;
using pcapctl::TimeWindowFlags;
using pcapctl::WindowOf;

constexpr int64_t kStartOf2024 = 1'704'067'200;
constexpr int64_t kTenYears = 10 * 366 * 86400;
// Before that, offsets of zones have seconds, which RFC 3339 has not.
const absl::Time kOldest = absl::FromUnixSeconds(0);

absl::TimeZone Zone(size_t number) {
  // With and without summer time; one that changes by half an hour; the furthest ones.
  constexpr std::array<const char*, 6> kNames = {"UTC",
                                                 "Europe/Berlin",
                                                 "America/New_York",
                                                 "Australia/Lord_Howe",
                                                 "Pacific/Kiritimati",
                                                 "Asia/Kathmandu"};
  static const auto kZones = [&] {
    std::array<absl::TimeZone, kNames.size()> zones;
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (!absl::LoadTimeZone(kNames[i], &zones[i])) {
        zones[i] = absl::FixedTimeZone(static_cast<int>(i) * 5400);  // No zones are installed.
      }
    }
    return zones;
  }();
  return kZones[number % kZones.size()];
}

// "--from A --to B" as flags.
TimeWindowFlags FlagsOf(const std::string& options) {
  const std::vector<std::string> words = absl::StrSplit(options, ' ');
  Require(words.size() == 4 && words[0] == "--from" && words[2] == "--to", "options are two",
          options);
  return {.from = words[1], .to = words[3]};
}

void CheckWindow(const TimeWindow& window, absl::Time now, absl::TimeZone zone) {
  Require(window.end <= now, "a window has happened");
  Require(window.duration >= absl::Seconds(1) && window.duration <= pcapctl::kMaxTimeWindow,
          "a window is one that a capture covers");
  Require(absl::Trunc(window.duration, absl::Seconds(1)) == window.duration,
          "a window is whole seconds");
  Require(IsOneLine(pcapctl::WindowText(window, zone)), "a window is told on one line");
  if (window.end - window.duration < kOldest) return;
  const std::string options = pcapctl::WindowOptions(window, zone);
  for (const absl::Duration later : {absl::ZeroDuration(), absl::Hours(1000)}) {
    const absl::StatusOr<TimeWindow> again = WindowOf(FlagsOf(options), now + later, zone);
    Require(again.ok(), "a window can be asked for again", options);
    Require(again->end == window.end && again->duration == window.duration,
            "a window written out is the same", options);
  }
}

void Feed(size_t zone_number, const std::vector<std::string>& lines) {
  TimeWindowFlags flags{.from = lines[0], .to = lines[1]};
  absl::Duration limit;
  // As the option's own check has it.
  if (absl::ParseDuration(lines[2], &limit) && limit > absl::ZeroDuration()) {
    flags.time_limit = limit;
  }
  double ahead = 0;
  if (!absl::SimpleAtod(lines[3], &ahead) || !(ahead >= 0 && ahead <= kTenYears)) ahead = 0;
  const absl::Time now = absl::FromUnixSeconds(kStartOf2024) + absl::Seconds(ahead);
  const absl::TimeZone zone = Zone(zone_number);
  const absl::StatusOr<TimeWindow> window = WindowOf(flags, now, zone);
  if (window.ok()) return CheckWindow(*window, now, zone);
  const absl::string_view error = window.status().message();
  Require(absl::StartsWith(error, "--"), "an error names its option", error);
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty() || !absl::ascii_isdigit(data[0])) return -1;
  const std::vector<std::string> lines = absl::StrSplit(input.substr(1), '\n');
  if (lines.size() != 4) return -1;
  pcaps::Feed(static_cast<size_t>(data[0] - '0'), lines);
  return 0;
}
