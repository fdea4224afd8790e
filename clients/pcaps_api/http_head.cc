#include "clients/pcaps_api/http_head.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace pcaps {
namespace {

constexpr absl::Time kYear10000 = absl::FromUnixSeconds(253'402'300'800);

}  // namespace

absl::string_view HttpHead::Header(absl::string_view name) const {
  const auto found = headers.find(std::string(name));
  return found == headers.end() ? absl::string_view() : absl::string_view(found->second);
}

std::optional<int64_t> HttpHead::ContentLength() const {
  if (!Header("transfer-encoding").empty()) return std::nullopt;  // It overrides the length.
  int64_t length = 0;
  if (!absl::SimpleAtoi(Header("content-length"), &length) || length < 0) return std::nullopt;
  return length;
}

std::optional<absl::Time> HttpHead::Date() const {
  absl::Time time;
  const bool parsed = absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", Header("date"),
                                      absl::UTCTimeZone(), &time, nullptr);
  // Abseil also takes "infinite-future", and years of any length.
  if (!parsed || time < absl::UnixEpoch() || time >= kYear10000) return std::nullopt;
  return time;
}

bool HttpHead::HasFraming() const {
  return status == 204 || ContentLength().has_value() ||
         absl::EqualsIgnoreCase(Header("transfer-encoding"), "chunked");
}

}  // namespace pcaps
