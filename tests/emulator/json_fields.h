// Reading fields of a JSON body: each function stores what it finds and returns the error of a bad
// field.
#pragma once

#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tests/emulator/api_error.h"

namespace pcaps::emulator {

struct Range {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
};

// The whole number in `value`: an integer, or a float without a fraction.
inline std::optional<int64_t> WholeNumber(const boost::json::value& value) {
  constexpr double kExact =
      9007199254740992;  // 2^53: beyond it a double no longer holds every integer.
  boost::system::error_code error;
  if (value.is_double()) {
    const double number = value.get_double();
    if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  const auto number = value.to_number<int64_t>(error);
  if (error) return std::nullopt;
  return number;
}

// Leaves `out` empty where the field is absent.
inline std::optional<ApiError> ReadInteger(const boost::json::object& object, const char* name,
                                           absl::string_view pointer, Range range,
                                           std::optional<int64_t>& out) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const std::optional<int64_t> number = WholeNumber(*value);
  if (!number || *number < range.min || *number > range.max) {
    return BadField(pointer,
                    absl::StrFormat("must be a whole number in %d..%d", range.min, range.max));
  }
  out = number;
  return std::nullopt;
}

// Leaves `out` empty where the field is absent.
inline std::optional<ApiError> ReadString(const boost::json::object& object, const char* name,
                                          absl::string_view pointer, std::string& out) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string()) return BadField(pointer, "must be a string");
  out = std::string(value->get_string());
  return std::nullopt;
}

inline std::optional<ApiError> ReadBool(const boost::json::object& object, const char* name,
                                        absl::string_view pointer, bool& out) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) return BadField(pointer, "must be true or false");
  out = value->get_bool();
  return std::nullopt;
}

}  // namespace pcaps::emulator
