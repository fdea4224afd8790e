#include "service/state/ordered_value.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pcaps {
namespace {

constexpr size_t kTimeDigits = 16;
constexpr size_t kOrderSize = 1 + kTimeDigits + 1;
constexpr int64_t kLastMicros = 9'999'999'999'999'999;  // In 2286.

}  // namespace

std::string WriteOrderedValue(const OrderedValue& value) {
  const int64_t micros = std::clamp<int64_t>(absl::ToUnixMicros(value.order.time), 0, kLastMicros);
  const int rank = std::clamp(value.order.rank, 0, 9);
  return absl::StrCat(absl::StrFormat("%d%016d ", rank, micros), value.value);
}

std::optional<OrderedValue> ReadOrderedValue(absl::string_view text) {
  if (text.size() < kOrderSize || text[kOrderSize - 1] != ' ') return std::nullopt;
  const absl::string_view digits = text.substr(0, kOrderSize - 1);
  if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) return std::nullopt;
  int64_t micros = 0;
  if (!absl::SimpleAtoi(digits.substr(1), &micros)) return std::nullopt;
  return OrderedValue{{digits[0] - '0', absl::FromUnixMicros(micros)},
                      std::string(text.substr(kOrderSize))};
}

}  // namespace pcaps
