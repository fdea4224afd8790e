// How RedisState writes a value and its order: so that Redis can compare orders as bytes.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "service/state/shared_state.h"

namespace pcaps {

// The rank, 16 digits of microseconds since 1970, a blank, the value.
std::string WriteOrderedValue(const OrderedValue& value);

// nullopt where WriteOrderedValue() has not written it.
std::optional<OrderedValue> ReadOrderedValue(absl::string_view text);

}  // namespace pcaps
