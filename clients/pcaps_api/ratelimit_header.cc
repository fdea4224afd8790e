#include "clients/pcaps_api/ratelimit_header.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pcaps {
namespace {

constexpr absl::Duration kMinPause = absl::Seconds(1);
constexpr absl::Duration kMaxPause = absl::Minutes(5);
constexpr size_t kMaxItems = 16;  // Of a header; they are compared with each other.
constexpr absl::Duration kDefaultPause = absl::Minutes(1);
constexpr double kMaxValue = 1e9;  // More is no limit: of requests, or of seconds.

// "default";r=50;t=30 is the item named default, with two parameters.
struct Item {
  std::string name;
  std::map<std::string, double> parameters;

  std::optional<double> Find(const std::string& key) const {
    const auto found = parameters.find(key);
    return found == parameters.end() ? std::nullopt : std::optional<double>(found->second);
  }
};

std::vector<Item> ParseItems(absl::string_view header) {
  std::vector<Item> items;
  for (const absl::string_view text : absl::StrSplit(header, ',', absl::SkipWhitespace())) {
    if (items.size() == kMaxItems) break;
    Item item;
    for (absl::string_view part : absl::StrSplit(text, ';')) {
      part = absl::StripAsciiWhitespace(part);
      const std::pair<absl::string_view, absl::string_view> pair =
          absl::StrSplit(part, absl::MaxSplits('=', 1));
      double value = 0;
      if (absl::ConsumePrefix(&part, "\"")) {
        item.name = std::string(absl::StripSuffix(part, "\""));
      } else if (absl::SimpleAtod(pair.second, &value) && value >= 0 && value <= kMaxValue) {
        item.parameters[std::string(pair.first)] = value;
      }
    }
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

std::vector<RateLimitWindow> RateLimitOf(const HttpHead& head) {
  const std::vector<Item> policies = ParseItems(head.Header("ratelimit-policy"));
  std::vector<RateLimitWindow> windows;
  for (const Item& item : ParseItems(head.Header("ratelimit"))) {
    RateLimitWindow window{.name = item.name, .remaining = item.Find("r")};
    if (const auto seconds = item.Find("t")) window.reset = absl::Seconds(*seconds);
    for (const Item& policy : policies) {
      if (policy.name == item.name) window.quota = policy.Find("q");
    }
    if (window.remaining.has_value() || window.reset.has_value()) {
      windows.push_back(std::move(window));
    }
  }
  return windows;
}

std::optional<absl::Duration> RetryAfterHeader(const HttpHead& head) {
  double seconds = 0;
  if (!absl::SimpleAtod(head.Header("retry-after"), &seconds)) return std::nullopt;
  if (!(seconds >= 0)) return std::nullopt;  // Also not a number.
  return absl::Seconds(seconds);
}

absl::Duration PauseOf(std::optional<absl::Duration> retry_after,
                       const std::vector<RateLimitWindow>& windows) {
  std::optional<absl::Duration> pause = retry_after;
  if (!pause.has_value()) {
    for (const RateLimitWindow& window : windows) {
      const bool used_up = window.remaining.value_or(0) < 1;
      if (used_up && window.reset.has_value()) {
        pause = std::max(pause.value_or(absl::ZeroDuration()), *window.reset);
      }
    }
  }
  if (!pause.has_value() && !windows.empty()) pause = windows.front().reset;
  return std::clamp(pause.value_or(kDefaultPause), kMinPause, kMaxPause);
}

}  // namespace pcaps
