// The words of a filter expression, and how one of them is refused.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps::pcapctl {

// Longer than any expression that sets five fields needs to be. It bounds all that is done with
// one.
inline constexpr size_t kMaxFilterBytes = 1024;

// A word, a number, an address, a parenthesis or an operator. Lives as long as the expression.
struct FilterToken {
  absl::string_view text;  // Empty: the end of the expression.
  size_t character = 0;    // Where it begins, counted from 1.
};

// The tokens in order; the last is the end. Errors: INVALID_ARGUMENT for an expression that is too
// long or holds anything but printable ASCII.
absl::StatusOr<std::vector<FilterToken>> TokensOf(absl::string_view expression);

// INVALID_ARGUMENT that names the token and its place.
absl::Status Refused(const FilterToken& token, absl::string_view why);

}  // namespace pcaps::pcapctl
