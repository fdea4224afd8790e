// HttpHead: status line and headers of an answer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pcaps {

struct HttpHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // Names in lower case; repeated ones joined by ", ".

  // The value of a header; empty where it has none.
  absl::string_view Header(absl::string_view name) const;
  // Bytes of the body, where the answer says it in advance.
  std::optional<int64_t> ContentLength() const;
  // When the answer was made, on its sender's clock, to the second; where it says so.
  std::optional<absl::Time> Date() const;
  // False when only the end of the connection ends the body, so that a broken one looks whole.
  bool HasFraming() const;
};

}  // namespace pcaps
