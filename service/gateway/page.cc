#include "service/gateway/page.h"

#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pcaps {
namespace {

constexpr absl::string_view kVersion = "p1";
constexpr size_t kMaxTokenBytes = 256;
constexpr size_t kDefaultPageSize = 50;
constexpr int32_t kMaxPageSize = 1000;

}  // namespace

bool operator<(const PagePosition& a, const PagePosition& b) {
  return std::tie(b.seconds, b.nanos, a.id) < std::tie(a.seconds, a.nanos, b.id);
}

std::string MakePageToken(absl::string_view account_id, const PagePosition& last) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(kVersion, "|", account_id, "|", last.seconds, "|", last.nanos, "|", last.id));
}

absl::StatusOr<PagePosition> ParsePageToken(absl::string_view token, absl::string_view account_id) {
  std::string text;
  const bool decoded = token.size() <= kMaxTokenBytes && absl::WebSafeBase64Unescape(token, &text);
  const std::vector<std::string> parts = absl::StrSplit(text, '|');
  PagePosition position;
  if (!decoded || parts.size() != 5 || parts[0] != kVersion ||
      !absl::SimpleAtoi(parts[2], &position.seconds) ||
      !absl::SimpleAtoi(parts[3], &position.nanos)) {
    return absl::InvalidArgumentError("is not a next_page_token of this service");
  }
  if (parts[1] != account_id) {
    return absl::InvalidArgumentError("belongs to the list of another account");
  }
  position.id = parts[4];
  return position;
}

size_t CoercePageSize(int32_t page_size) {
  if (page_size <= 0) return kDefaultPageSize;
  return std::min(page_size, kMaxPageSize);
}

}  // namespace pcaps
