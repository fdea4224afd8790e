#include "clients/gateway/pcapctl/time_window.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kForPeople[] = "%Y-%m-%d %H:%M:%E*S %Ez";
constexpr int kCivilDaySeconds = 24 * 60 * 60;  // To the same time of the day before, by the clock.
constexpr char kFull[] = "%Y-%m-%dT%H:%M:%E*S%Ez";

std::string Shown(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime(kForPeople, time, zone);
}

absl::Status Wrong(absl::string_view option, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(option, ": ", why));
}

// "14:03" or "14:03:20", as a time of the day that `day` begins.
std::optional<absl::CivilSecond> TimeOfDay(const std::string& text, absl::CivilDay day) {
  for (const char* format : {"%H:%M", "%H:%M:%S"}) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error)) continue;
    if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) continue;  // Said in words.
    const absl::CivilSecond parsed = absl::ToCivilSecond(time, absl::UTCTimeZone());
    return absl::CivilSecond(day.year(), day.month(), day.day(), parsed.hour(), parsed.minute(),
                             parsed.second());
  }
  return std::nullopt;
}

// On the nights when clocks are changed, a time of the day comes twice or not at all.
absl::StatusOr<absl::Time> OnlyTimeAt(absl::string_view option, absl::CivilSecond civil,
                                      absl::TimeZone zone) {
  const absl::TimeZone::TimeInfo info = zone.At(civil);
  if (info.kind == absl::TimeZone::TimeInfo::UNIQUE) return info.pre;
  const std::string text = absl::FormatCivilTime(civil);
  if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) {
    return Wrong(option, absl::StrCat(text, " was skipped when the clocks went forward; give ",
                                      absl::FormatTime(kFull, info.trans, zone), " or another"));
  }
  return Wrong(option, absl::StrCat(text, " came twice when the clocks went back; give ",
                                    absl::FormatTime(kFull, info.pre, zone), " or ",
                                    absl::FormatTime(kFull, info.post, zone)));
}

// A time of the day that has not come yet today: it means yesterday's.
bool IsToCome(const std::string& text, absl::Time now, absl::TimeZone zone) {
  const std::optional<absl::CivilSecond> today = TimeOfDay(text, absl::ToCivilDay(now, zone));
  return today.has_value() && *today > absl::ToCivilSecond(now, zone);
}

absl::StatusOr<absl::Time> TimeOf(absl::string_view option, const std::string& text, absl::Time now,
                                  absl::TimeZone zone) {
  if (text == "now") return now;
  absl::Duration ago;
  const bool relative = absl::StartsWith(text, "-") && absl::ParseDuration(text, &ago);
  if (relative && ago > -absl::InfiniteDuration()) return now + ago;
  absl::Time time;
  std::string error;
  const bool full = absl::ParseTime(absl::RFC3339_full, text, &time, &error);
  if (full && absl::StrContains(text, "T")) return time;
  const std::optional<absl::CivilSecond> today = TimeOfDay(text, absl::ToCivilDay(now, zone));
  if (!today.has_value()) {
    return Wrong(option, absl::StrCat(text, " is not a time: 14:03, 14:03:20, -10m, now, or ",
                                      absl::FormatTime(kFull, now, zone)));
  }
  const bool to_come = IsToCome(text, now, zone);
  return OnlyTimeAt(option, to_come ? *today - kCivilDaySeconds : *today, zone);
}

absl::StatusOr<TimeWindow> Checked(absl::Time from, absl::Time to, absl::Time now,
                                   absl::TimeZone zone) {
  const std::string times = absl::StrCat(Shown(from, zone), " to ", Shown(to, zone));
  if (to <= from) return Wrong("--to", absl::StrCat("is not after --from: ", times));
  if (to > now) {
    return Wrong("--to", absl::StrCat("lies in the future: ", times,
                                      "; recorded history ends now, at ", Shown(now, zone)));
  }
  const absl::Duration duration = absl::Ceil(to - from, absl::Seconds(1));
  if (duration > kMaxTimeWindow) {
    return Wrong("--from",
                 absl::StrCat(times, " are ", absl::FormatDuration(duration),
                              "; one capture covers at most ", absl::FormatDuration(kMaxTimeWindow),
                              ", so give an earlier --to or take several"));
  }
  return TimeWindow{to, duration};
}

}  // namespace

absl::StatusOr<TimeWindow> WindowOf(const TimeWindowFlags& flags, absl::Time now,
                                    absl::TimeZone zone) {
  now = absl::FromUnixMillis(absl::ToUnixMillis(now));  // What is finer only fills the screen.
  if (!flags.from.empty() && !flags.to.empty() && flags.time_limit.has_value()) {
    return Wrong("--time-limit", "--from and --to say it already; leave one of the three out");
  }
  const absl::StatusOr<absl::Time> from =
      flags.from.empty() ? now : TimeOf("--from", flags.from, now, zone);
  if (!from.ok()) return from.status();
  const absl::StatusOr<absl::Time> to =
      flags.to.empty() ? now : TimeOf("--to", flags.to, now, zone);
  if (!to.ok()) return to.status();
  if (flags.from.empty()) {
    return Checked(*to - flags.time_limit.value_or(kDefaultTimeLimit), *to, now, zone);
  }
  if (flags.to.empty() && flags.time_limit.has_value()) {
    return Checked(*from, *from + *flags.time_limit, now, zone);
  }
  // Yesterday's --to after today's --from is meant by nobody.
  if (*to <= *from && IsToCome(flags.to, now, zone) && !IsToCome(flags.from, now, zone)) {
    return Wrong("--to", absl::StrCat(flags.to, " is still to come; leave --to out for until now"));
  }
  return Checked(*from, *to, now, zone);
}

std::string WindowOptions(const TimeWindow& window, absl::TimeZone zone) {
  return absl::StrCat("--from ", absl::FormatTime(kFull, window.end - window.duration, zone),
                      " --to ", absl::FormatTime(kFull, window.end, zone));
}

std::string WindowText(const TimeWindow& window, absl::TimeZone zone) {
  const absl::Time from = window.end - window.duration;
  const bool same_day = absl::ToCivilDay(from, zone) == absl::ToCivilDay(window.end, zone);
  const bool same_offset = zone.At(from).offset == zone.At(window.end).offset;
  if (!same_day || !same_offset) {
    return absl::StrCat(Shown(from, zone), " to ", Shown(window.end, zone));
  }
  return absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%E*S", from, zone), " to ",
                      absl::FormatTime("%H:%M:%E*S %Ez", window.end, zone));
}

}  // namespace pcaps::pcapctl
