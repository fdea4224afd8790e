#include "clients/pcaps_api/http_head.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

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

bool HttpHeadReader::Take(absl::string_view line, int status) {
  bytes_ += line.size();
  if (bytes_ > max_bytes_) return false;
  if (complete_) return true;
  if (absl::StartsWith(line, "HTTP/")) {  // Also after a head of 1xx, which was not the answer.
    head_ = HttpHead{status, {}};
    return true;
  }
  line = absl::StripAsciiWhitespace(line);
  if (line.empty()) {
    complete_ = head_.status >= 200;
    return true;
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return true;
  const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.substr(0, colon)));
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  const auto [place, is_new] = head_.headers.try_emplace(name, std::string(value));
  if (!is_new && place->second != value) absl::StrAppend(&place->second, ", ", value);
  return true;
}

}  // namespace pcaps
