#include "clients/base/id.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace pcaps {
namespace {

constexpr size_t kMaxIdBytes = 32;  // The upstream's.

}  // namespace

bool IsId(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-';
         });
}

}  // namespace pcaps
